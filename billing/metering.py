"""Meters: when each thing came into service and when it left. Told of facts, as often as one likes.

A pass turns them into usage: for each hour of the clock (UTC) that is over the seconds that were used, once. What has
ended is measured to its end at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet

from billing.models import Meter

# An hour is over this much later, as what ended in its last seconds may still be on its way into the database.
SETTLING = timedelta(minutes=2)
BATCH = 5_000  # meters in one transaction
_MEASURE = """
WITH due AS (
    SELECT *, coalesce(measured_to, began_at) AS start, coalesce(ended_at, %(until)s) AS stop
    FROM billing_meter
    WHERE (ended_at IS NULL OR measured_to IS NULL OR measured_to < ended_at)
      AND (ended_at IS NOT NULL OR coalesce(measured_to, began_at) < %(until)s)
    ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), told AS (
    INSERT INTO billing_usage (resource, subject, kind, name, quantity, price, course, person, hour, seconds)
    SELECT resource, subject, kind, name, quantity, price, course, person, hour,
           extract(epoch FROM least(stop, hour + interval '1 hour') - greatest(start, hour))
    FROM due, generate_series(date_trunc('hour', start, 'UTC'), stop, '1 hour') AS hour
    WHERE least(stop, hour + interval '1 hour') > greatest(start, hour)
    ON CONFLICT (resource, hour) DO NOTHING
)
UPDATE billing_meter AS meter SET measured_to = greatest(due.start, due.stop) FROM due WHERE meter.id = due.id
"""


@dataclass(frozen=True)
class Service:
    """What a meter is for; `price` of an hour, where no rate says it."""

    resource: str
    kind: Meter.Kind
    name: str
    quantity: int = 0
    price: Decimal | None = None


def began(subject: UUID, services: Iterable[Service], at: datetime, *, course: str, person: str) -> None:
    """Those that have a meter keep it, as it is."""
    Meter.objects.bulk_create(
        [Meter(subject=subject, course=course, person=person, began_at=at, **asdict(service)) for service in services],
        ignore_conflicts=True,
    )


def ended(subject: UUID, at: datetime, *, but: Collection[str] = ()) -> None:
    """All of the subject's that run, but for those resources. What ends before it began was not used."""
    Meter.objects.filter(subject=subject, ended_at=None).exclude(resource__in=but).update(ended_at=at)


def running(kind: Meter.Kind) -> QuerySet[Meter]:
    return Meter.objects.filter(kind=kind, ended_at=None)


def unfinished() -> QuerySet[Meter]:
    """Those that run, or are not measured to their end."""
    return Meter.objects.filter(Q(ended_at=None) | Q(measured_to=None) | Q(measured_to__lt=F("ended_at")))


def measure(now: datetime) -> None:
    """Writes the usage that there is; stopped anywhere and repeated, it goes on where it was."""
    until = full_hour(now - SETTLING)
    with connection.cursor() as cursor:
        for _ in range(unfinished().count() // BATCH + 1):
            cursor.execute(_MEASURE, {"until": until, "batch": BATCH})


def full_hour(moment: datetime) -> datetime:
    """The beginning of its hour of the clock."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
