"""A period that was charged by a wrong rate: what differs is reversed and charged anew. Nothing is edited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from billing.errors import Wrong
from billing.metering import full_hour
from billing.rating import ranges

_SPAN = """
SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM billing_usage WHERE hour >= %(start)s AND hour < %(end)s
"""
_COUNT = """
SELECT count(*) FROM billing_differing WHERE hour >= %(start)s AND hour < %(end)s AND id > %(after)s AND id <= %(to)s
"""
_REPROCESS = """
WITH differing AS (
    SELECT id AS usage_id, charge_id, amount FROM billing_differing
    WHERE hour >= %(start)s AND hour < %(end)s AND id > %(after)s AND id <= %(to)s
), reversals AS (
    INSERT INTO billing_transaction (key, kind, at, actor, memo, reverses_id, usage_id)
    SELECT 'reversal-' || charge_id, 'reversal', %(now)s, %(actor)s, %(memo)s, charge_id, usage_id FROM differing
    RETURNING id, reverses_id
), charges AS (
    INSERT INTO billing_transaction (key, kind, at, actor, memo, usage_id)
    SELECT 'usage-' || usage_id || '-after-' || charge_id, 'charge', %(now)s, %(actor)s, %(memo)s, usage_id
    FROM differing
    RETURNING id, usage_id
), posted AS (
    INSERT INTO billing_posting (transaction_id, account_id, amount)
    SELECT reversals.id, posting.account_id, -posting.amount
    FROM reversals JOIN billing_posting AS posting ON posting.transaction_id = reversals.reverses_id
    UNION ALL
    SELECT charges.id, posting.account_id,
           CASE account.kind WHEN 'usage' THEN differing.amount ELSE -differing.amount END
    FROM charges JOIN differing ON differing.usage_id = charges.usage_id
    JOIN billing_posting AS posting ON posting.transaction_id = differing.charge_id
    JOIN billing_account AS account ON account.id = posting.account_id
)
SELECT count(*) FROM charges
"""


def differing(start: datetime, end: datetime) -> int:
    """How many charges a reprocessing would set right."""
    return sum(_run(_COUNT, span) for span in _spans(start, end))


def reprocess(actor: str, start: datetime, end: datetime, memo: str) -> int:
    """How many charges were set right. Stopped anywhere and repeated, it goes on with those that are left."""
    if not memo.strip():
        raise Wrong("memo", "a reprocessing says why")
    said: dict[str, str | datetime] = {"now": timezone.now(), "actor": actor, "memo": memo}
    number = 0
    for span in _spans(start, end):
        with transaction.atomic():
            number += _run(_REPROCESS, {**span, **said})
    return number


def _spans(start: datetime, end: datetime) -> list[dict[str, int | datetime]]:
    if not start < end:
        raise Wrong("end", "must be later than start")
    hours = {"start": full_hour(start), "end": end}
    with connection.cursor() as cursor:
        cursor.execute(_SPAN, hours)
        first, last = cursor.fetchone()
    return [{**span, **hours} for span in ranges(first, last)]


def _run(statement: str, values: Mapping[str, int | str | datetime]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])
