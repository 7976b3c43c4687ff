"""What an action for a class would do, and to whom. Nothing is done, and nothing is locked: it is true for a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from billing import credit
from portal.accounts.models import User
from portal.classes import planning
from portal.classes.planning import Candidate
from portal.classes.services import StartWish, begins_at, live_clusters, sample, students_of
from portal.clusters import pricing, usage
from portal.clusters.models import Cluster, Status
from portal.clusters.usage import Amounts
from portal.clusters.wishes import Wish
from portal.courses.limits import limits_of, limits_of_students
from portal.courses.models import Course


@dataclass(frozen=True)
class Outcome:
    """For one person or one cluster: what would happen; with a reason it would not."""

    username: str
    cluster: Cluster | None = None
    ends_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Preview:
    begins_at: datetime
    outcomes: tuple[Outcome, ...]


def of_start(course: Course, wanted: StartWish) -> Preview:
    """Raises Invalid, Conflict, Unavailable, as the start itself would."""
    students = students_of(course, wanted)
    begins = begins_at(wanted, len(students))
    asked = _asked(sample(course, students[0], wanted), wanted, begins)
    by_each, standing = usage.used_by_each(course), credit.standing(course.name)
    by_all = {**_together(by_each.values()), "credits": standing.granted - standing.remaining}
    reasons = planning.forecast(_candidates(course, students, by_each, asked), limits_of(course), by_all, standing)
    named = _have_one_of_the_name(course, wanted.wish)
    ends = wanted.ready_at + timedelta(hours=wanted.hours)
    outcomes = (
        Outcome(each.username, ends_at=ends, reason=named.get(each.pk, "") or reasons[each.username])
        for each in students
    )
    return Preview(begins, tuple(outcomes))


def of_end(course: Course) -> Preview:
    now = timezone.now()
    return Preview(now, tuple(Outcome(each.owner.username, each, now) for each in live_clusters(course)))


def _asked(cluster: Cluster, wanted: StartWish, begins: datetime) -> Amounts:
    """What one cluster takes."""
    until = wanted.ready_at + timedelta(hours=wanted.hours)
    estimate = pricing.estimate(cluster.manifest, cluster.sizes, begins, until)
    return {**estimate.amounts(wanted.wish.workers), "hours": wanted.hours}


def _candidates(
    course: Course, students: Iterable[User], used: Mapping[int, Amounts], asked: Amounts
) -> list[Candidate]:
    limits = limits_of_students(course)
    spent, held = credit.spending(course.name), credit.held(course.name)
    nothing = Decimal()
    return [
        Candidate(
            each.username,
            limits[each.pk],
            {
                **used.get(each.pk, {}),
                "credits": spent.get(each.username, nothing) + held.get(each.username, nothing),
            },
            asked,
        )
        for each in students
    ]


def _together(parts: Iterable[Amounts]) -> dict[str, Decimal]:
    together: dict[str, Decimal] = {}
    for amounts in parts:
        together |= {name: together.get(name, Decimal()) + Decimal(figure) for name, figure in amounts.items()}
    return together


def _have_one_of_the_name(course: Course, wish: Wish) -> dict[int, str]:
    taken = Cluster.objects.filter(course=course, name=wish.name).exclude(status=Status.DELETED)
    words = f"There is a cluster {wish.name!r} of theirs in this course already."
    return dict.fromkeys(taken.values_list("owner", flat=True), words)
