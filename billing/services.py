"""Recording usage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.models import UsageRecord

HOUR = timedelta(hours=1)


def hours_touched(start: datetime, end: datetime) -> list[datetime]:
    """The beginnings of the clock's hours (UTC) in which [start, end] lies; none where the end comes first."""
    first = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [first + HOUR * n for n in range((end - first) // HOUR + 1)] if end >= start else []


def record_usage(
    resource: UUID, hours: Iterable[datetime], *, course: str, owner: str, nodes: int, vcpus: int, memory_mb: int
) -> None:
    """One record for each hour; an hour that has one keeps it, so that a repetition bills nothing twice."""
    UsageRecord.objects.bulk_create(
        [
            UsageRecord(
                resource=resource, hour=hour, course=course, owner=owner, nodes=nodes, vcpus=vcpus, memory_mb=memory_mb
            )
            for hour in hours
        ],
        ignore_conflicts=True,
    )
