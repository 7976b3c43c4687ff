"""What becomes of holds in the end."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from billing import holds, metering, rating


def release_charged(ended: Collection[UUID]) -> None:
    """Holds of what has ended go, once it is measured to its end and all of that is charged."""
    unfinished = set(metering.unfinished().filter(subject__in=ended).values_list("subject", flat=True))
    measured = [resource for resource in ended if resource not in unfinished]
    unrated = rating.unrated(measured)
    for resource in measured:
        if resource not in unrated:
            holds.release(resource)
