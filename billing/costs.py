"""What something with meters has cost so far, charged or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from billing import prices

# One statement, so one moment: what is charged is a sum that is kept, and the rest is left to the rates. The hours of a
# meter are charged in their order, so the newest one with a charge says from when on. It is found from the end, however
# many there are.
_METERS = """
SELECT meter.name, meter.quantity, coalesce(charged.until, meter.began_at), meter.ended_at,
       (SELECT coalesce(sum(amount), 0) FROM billing_charged WHERE subject = %(subject)s)
FROM billing_meter AS meter
LEFT JOIN LATERAL (
    SELECT least(usage.hour + interval '1 hour', meter.measured_to) AS until FROM billing_usage AS usage
    WHERE usage.resource = meter.resource
      AND EXISTS (SELECT FROM billing_transaction AS booked WHERE booked.usage_id = usage.id)
    ORDER BY usage.hour DESC LIMIT 1
) AS charged ON true
WHERE meter.subject = %(subject)s AND meter.kind = 'node'
"""


_CHARGED = "SELECT coalesce(sum(amount), 0) FROM billing_charged WHERE subject = %s"


@dataclass(frozen=True)
class Cost:
    """In credits. `hourly` is what an hour costs of what runs."""

    so_far: Decimal
    hourly: Decimal


def charged(subject: UUID) -> Decimal:
    """So far, without what is not charged yet."""
    with connection.cursor() as cursor:
        cursor.execute(_CHARGED, [subject])
        return prices.exact(cursor.fetchone()[0])


def of_nodes(subject: UUID, until: datetime) -> Cost:
    """Of all nodes that the subject has had; what still runs, up to `until`."""
    with connection.cursor() as cursor:
        cursor.execute(_METERS, {"subject": subject})
        meters = cursor.fetchall()
    if not meters:
        return Cost(Decimal(), Decimal())
    card = prices.card({name for name, *_ in meters}, until)
    charged = meters[0][-1]
    to_come = (card.for_time([(name, gpus)], start, ended or until) for name, gpus, start, ended, _ in meters)
    return Cost(
        sum(to_come, charged),
        card.hourly([(name, gpus) for name, gpus, _, ended, _ in meters if ended is None], until),
    )
