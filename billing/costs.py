"""What something with meters has cost so far, charged or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from billing import prices

# One statement, so one moment: usage is counted as it was charged, else as it will be, and what is not usage yet is
# left to the rates.
_METERS = """
SELECT meter.name, meter.quantity, coalesce(meter.measured_to, meter.began_at), meter.ended_at,
       (SELECT coalesce(sum(coalesce(booked.amount, priced.amount)), 0)
        FROM billing_usage AS usage
        JOIN billing_priced AS priced ON priced.id = usage.id
        LEFT JOIN LATERAL (
            SELECT sum(posting.amount) AS amount
            FROM billing_transaction AS booking
            JOIN billing_posting AS posting ON posting.transaction_id = booking.id
            JOIN billing_account AS account ON account.id = posting.account_id AND account.kind = 'usage'
            WHERE booking.usage_id = usage.id
        ) AS booked ON true
        WHERE usage.resource = meter.resource)
FROM billing_meter AS meter WHERE meter.subject = %s AND meter.kind = 'node'
"""


@dataclass(frozen=True)
class Cost:
    """In credits. `hourly` is what an hour costs of what runs."""

    so_far: Decimal
    hourly: Decimal


def of_nodes(subject: UUID, until: datetime) -> Cost:
    """Of all nodes that the subject has had; what still runs, up to `until`."""
    with connection.cursor() as cursor:
        cursor.execute(_METERS, [subject])
        meters = cursor.fetchall()
    if not meters:
        return Cost(Decimal(), Decimal())
    card = prices.card({name for name, *_ in meters}, until)
    so_far = sum(
        (known + card.for_time([(name, gpus)], start, ended or until) for name, gpus, start, ended, known in meters),
        Decimal(),
    )
    return Cost(so_far, card.hourly([(name, gpus) for name, gpus, _, ended, _ in meters if ended is None], until))
