"""Whether there is room for what somebody asks: the limits and the credits of the course and of the person, against
what is used and held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from billing import credit
from billing.credit import Standing
from portal.accounts.models import User
from portal.clusters.accounting.pricing import Estimate
from portal.clusters.accounting.usage import Amounts, used
from portal.courses.limits import MOST_HOURS, Excess, Limits, excesses, limits_of_both
from portal.courses.models import Course
from portal.refusals import LimitReached

LESS = "Ask for less, or delete a cluster that is needed no more; one that failed counts until it is deleted."


class Bounds(NamedTuple):
    """The limits of all of the course together, and of one person in it."""

    whole: Limits
    own: Limits

    @property
    def hours(self) -> int:
        """How long one cluster may last."""
        return min([MOST_HOURS, *(each.hours for each in self if each.hours is not None)])


@dataclass(frozen=True)
class Room:
    """What there was at one moment. It stays so only within `locks.allocating(course)`; without that lock it spares a
    request that cannot be granted the way to it."""

    bounds: Bounds
    used_by_all: Amounts
    used_by_one: Amounts
    standing: Standing

    def passed_by(self, asked: Amounts) -> list[Excess]:
        """Which limits what is asked for would pass. Its price is paid from what the course has left."""
        return [
            *excesses(self.bounds.own, self.used_by_one, asked),
            *excesses(self.bounds.whole, self.used_by_all, asked),
            *self._unpaid(Decimal(asked.get("credits", 0))),
        ]

    @property
    def credits_left(self) -> Decimal:
        """What the person may still spend or have held, of the course's and within the own limit."""
        limits = [
            limit - Decimal(used.get("credits", 0))
            for limit, used in (
                (self.bounds.own.credits, self.used_by_one),
                (self.bounds.whole.credits, self.used_by_all),
            )
            if limit is not None
        ]
        return max(min([self.standing.remaining, *limits]), Decimal())

    def most(self, amounts: Callable[[int], Amounts], low: int, high: int) -> int | None:
        """The largest number from `low` to `high` of something of which there is room; more of it never takes less."""
        if low > high or self.passed_by(amounts(low)):
            return None
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (low, middle - 1) if self.passed_by(amounts(middle)) else (middle, high)
        return low

    def _unpaid(self, price: Decimal) -> list[Excess]:
        left, given = self.standing.remaining, self.standing.granted
        if price <= max(left, Decimal()):
            return []
        return [Excess("credits", given, given - left, price, "that the course was given")]


def bounds(course: Course, owner: User) -> Bounds:
    return Bounds(*limits_of_both(course, owner))


def room(course: Course, owner: User, bounds: Bounds) -> Room:
    """As it is now; the limits are those that the caller has read."""
    by_all, by_one = used(course, owner)
    standing = credit.standing(course.name, owner.username)
    return Room(
        bounds,
        {**by_all, "credits": standing.granted - standing.remaining},
        {**by_one, "credits": standing.spent + standing.held},
        standing,
    )


def require(room: Room, asked: Amounts, next: str = LESS) -> None:
    """Raises LimitReached, which names each limit with its figures; `next` says what to do."""
    if passed := room.passed_by(asked):
        raise LimitReached(" ".join(excess.words for excess in passed), next)


def require_cluster(room: Room, estimate: Estimate, workers: int, hours: int) -> None:
    """As require, for a new cluster; says what of the kind would fit."""
    asked = {**estimate.amounts(workers), "hours": hours}
    if room.passed_by(asked):
        require(room, asked, what_fits(room, estimate, workers, hours))


def require_growth(room: Room, estimate: Estimate, role: str, present: int, more: int) -> None:
    """As require, for so many nodes of a role beside those that are `present`; says how many would fit."""
    asked = estimate.of_more(role, more)
    if room.passed_by(asked):
        fitting = room.most(partial(estimate.of_more, role), 1, more - 1)
        require(room, asked, f"It would fit with {present + fitting} {role}s." if fitting else LESS)


def what_fits(room: Room, estimate: Estimate, workers: int, hours: int) -> str:
    """The nearest that there is room for, in words."""
    fitting = room.most(estimate.amounts, estimate.manifest.minimum_workers, workers - 1)
    ways = [] if fitting is None else [f"with {fitting} worker{'s' if fitting > 1 else ''}"]
    if {excess.name for excess in room.passed_by({**estimate.amounts(workers), "hours": hours})} == {"credits"}:
        affordable = int(room.credits_left / estimate.an_hour(workers))
        ways += [f"for {affordable} hour{'s' if affordable > 1 else ''}"] if 0 < affordable < hours else []
    return f"It would fit {' or '.join(ways)}." if ways else LESS
