"""What a cluster would cost, and whether there is room for it: asked before it is made, and nothing is made."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from portal.accounts.models import User
from portal.clusters.accounting import allocation, pricing
from portal.clusters.wishes import Wish, cluster_of
from portal.courses.limits import Excess
from portal.courses.services import course_of


@dataclass(frozen=True)
class Quote:
    """In credits. `remaining` is what the person may still spend in the course; `advice` says what would fit where
    this does not."""

    hourly: Decimal
    until_end: Decimal
    remaining: Decimal
    excesses: list[Excess]
    advice: str

    @property
    def fits(self) -> bool:
        return not self.excesses

    @property
    def why_not(self) -> list[str]:
        return [excess.words for excess in self.excesses]


def quote(owner: User, wish: Wish) -> Quote:
    """Raises what a create of the wish would raise, but for limits and credits: these are in the answer."""
    course = course_of(owner, wish.course)
    bounds = allocation.bounds(course, owner)
    cluster, _ = cluster_of(owner, course, wish, bounds.hours)
    estimate = pricing.estimate(cluster.manifest, cluster.sizes, timezone.now(), cluster.expires_at)
    room = allocation.room(course, owner, bounds)
    passed = room.passed_by({**estimate.amounts(wish.workers), "hours": wish.hours})
    return Quote(
        estimate.an_hour(wish.workers),
        estimate.total(wish.workers),
        room.credits_left,
        passed,
        allocation.what_fits(room, estimate, wish.workers, wish.hours) if passed else "",
    )
