"""Usage becomes charges, each once: set by set, in PostgreSQL, so that memory stays flat however much there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

BATCH = 50_000  # rows of usage in one transaction
_ACCOUNTS = """
INSERT INTO billing_account (kind, course, person, balance)
SELECT DISTINCT side.kind, course, CASE side.kind WHEN 'student' THEN person ELSE '' END, 0
FROM billing_usage, (VALUES ('student'), ('usage')) AS side (kind)
WHERE id > %(after)s AND id <= %(to)s
ON CONFLICT DO NOTHING
"""
_CHARGED = """
SELECT id + 1, least(recorded_at, now()) - interval '1 hour' FROM billing_usage
WHERE id = (SELECT max(usage_id) FROM billing_transaction)
"""
# Without the + 0 PostgreSQL looks for the least by going through all numbers, instead of by the index on the times.
_RECORDED = "SELECT min(id + 0) FROM billing_usage WHERE recorded_at >= %s"
_NEWEST = "SELECT coalesce(max(id), 0) FROM billing_usage"
_AMOUNTS = """
SELECT subject, sum(amount) FROM billing_priced AS usage
WHERE id > %(after)s AND id <= %(to)s AND subject = ANY(%(subjects)s)
  AND NOT EXISTS (SELECT FROM billing_transaction AS charge WHERE charge.usage_id = usage.id)
GROUP BY subject
"""
# Where PostgreSQL has not counted a table's rows yet it takes them for few, and goes through all for each of them.
_BY_SETS = "SET LOCAL enable_nestloop = off"
# What is charged is held no more. Holds are locked in the order of their numbers, as by all who lock several.
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
), locked AS (
    SELECT id, resource FROM billing_hold WHERE resource IN (SELECT subject FROM by_subject) ORDER BY id FOR UPDATE
)
UPDATE billing_hold AS hold SET amount = greatest(0, hold.amount - by_subject.amount)
FROM by_subject JOIN locked ON locked.resource = by_subject.subject WHERE hold.id = locked.id
"""


def rate() -> None:
    """Charges what is not charged yet; what is free is charged nothing. Stopped anywhere and repeated, it goes on."""
    for span in _spans():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ACCOUNTS, span)
            cursor.execute(_BY_SETS)
            cursor.execute(_RATE, span)


def unrated(subjects: Collection[UUID]) -> dict[UUID, Decimal]:
    """What of their usage is recorded and not charged yet; which of them have none is not in it."""
    amounts: dict[UUID, Decimal] = {}
    for span in _spans() if subjects else ():
        with connection.cursor() as cursor:
            cursor.execute(_AMOUNTS, {**span, "subjects": list(subjects)})
            for subject, amount in cursor.fetchall():
                amounts[subject] = amounts.get(subject, Decimal()) + amount
    return amounts


def _spans() -> Iterator[dict[str, int]]:
    """All that comes after the last that is charged, and what was recorded since somewhat before it: it is charged in
    the order of its numbers, but a lower number may be seen later. A clock that was ahead keeps nothing back."""
    first = 1
    with connection.cursor() as cursor:
        cursor.execute(_CHARGED)
        if charged := cursor.fetchone():
            following, since = charged
            cursor.execute(_RECORDED, [since])
            first = min(following, cursor.fetchone()[0] or following)
        cursor.execute(_NEWEST)
        return ranges(first, cursor.fetchone()[0])


def ranges(first: int, last: int) -> Iterator[dict[str, int]]:
    """Of numbers of usage, each of a bounded size."""
    for after in range(first - 1, last, BATCH):
        yield {"after": after, "to": min(after + BATCH, last)}
