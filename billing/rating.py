"""Usage becomes charges, each once: set by set, in PostgreSQL, so that memory stays flat however much there is."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction

BATCH = 50_000  # rows of usage in one transaction
_ACCOUNTS = """
INSERT INTO billing_account (kind, course, person, balance)
SELECT DISTINCT side.kind, course, CASE side.kind WHEN 'student' THEN person ELSE '' END, 0
FROM billing_usage, (VALUES ('student'), ('usage')) AS side (kind)
WHERE id > %(after)s AND id <= %(to)s
ON CONFLICT DO NOTHING
"""
_UNRATED = """
SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM billing_usage WHERE recorded_at >= coalesce(
    (SELECT recorded_at - interval '1 hour' FROM billing_usage
     WHERE id = (SELECT max(usage_id) FROM billing_transaction)), '-infinity')
"""
# What is charged is held no more.
_RATE = """
WITH done AS MATERIALIZED (
    SELECT usage_id FROM billing_transaction WHERE usage_id > %(after)s AND usage_id <= %(to)s
), unrated AS MATERIALIZED (
    SELECT usage.id, usage.hour, usage.subject, usage.amount, student.id AS student_id, used.id AS used_id
    FROM billing_priced AS usage
    JOIN billing_account AS student
         ON student.kind = 'student' AND student.course = usage.course AND student.person = usage.person
    JOIN billing_account AS used ON used.kind = 'usage' AND used.course = usage.course
    WHERE usage.id > %(after)s AND usage.id <= %(to)s
      AND NOT EXISTS (SELECT FROM done WHERE done.usage_id = usage.id)
), booked AS (
    INSERT INTO billing_transaction (key, kind, at, actor, memo, usage_id)
    SELECT 'usage-' || id, 'charge', hour, '', '', id FROM unrated
    ON CONFLICT (key) DO NOTHING
    RETURNING id, usage_id
), charged AS (
    SELECT booked.id AS transaction_id, unrated.* FROM booked JOIN unrated ON unrated.id = booked.usage_id
), posted AS (
    INSERT INTO billing_posting (transaction_id, account_id, amount)
    SELECT transaction_id, student_id, -amount FROM charged
    UNION ALL
    SELECT transaction_id, used_id, amount FROM charged
), by_subject AS (
    SELECT subject, sum(amount) AS amount FROM charged GROUP BY subject
)
UPDATE billing_hold AS hold SET amount = greatest(0, hold.amount - by_subject.amount)
FROM by_subject WHERE hold.resource = by_subject.subject
"""


def rate() -> None:
    """Charges what is not charged yet; what is free is charged nothing. Stopped anywhere and repeated, it goes on."""
    for span in _spans():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ACCOUNTS, span)
            cursor.execute(_RATE, span)


def _spans() -> Iterator[dict[str, int]]:
    """All that was recorded since somewhat before the last that is charged: it is charged in the order of its numbers,
    but a lower number may be seen later."""
    with connection.cursor() as cursor:
        cursor.execute(_UNRATED)
        first, last = cursor.fetchone()
    return ranges(first, last)


def ranges(first: int, last: int) -> Iterator[dict[str, int]]:
    """Of numbers of usage, each of a bounded size."""
    for after in range(first - 1, last, BATCH):
        yield {"after": after, "to": min(after + BATCH, last)}
