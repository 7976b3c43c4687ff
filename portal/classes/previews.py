"""What an action for a class would do, and to whom. Nothing is done, and nothing is locked: it is true for a moment."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.utils import timezone

from billing import credit, prices
from portal.accounts.models import User
from portal.classes import planning
from portal.classes.models import Kind
from portal.classes.planning import Candidate
from portal.classes.services import StartWish, begins_at, clusters_of, require_hours, sample, students_of
from portal.clusters.accounting import pricing, usage
from portal.clusters.accounting.usage import Amounts
from portal.clusters.members import present_clusters
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import Wish
from portal.courses.limits import Limits, limits_of, limits_of_students
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
    reasons = _reasons(course, [(each, asked) for each in students])
    named = _have_one_of_the_name(course, wanted.wish)
    ends = wanted.ready_at + timedelta(hours=wanted.hours)
    outcomes = (
        Outcome(each.username, ends_at=ends, reason=named.get(each.pk, "") or reason)
        for each, reason in zip(students, reasons, strict=True)
    )
    return Preview(begins, tuple(outcomes))


def of_extension(course: Course, hours: int) -> Preview:
    """At the prices of now. Raises Invalid."""
    require_hours(hours)
    found, more = list(clusters_of(course, Kind.EXTEND).prefetch_related("nodes")), timedelta(hours=hours)
    hourly = functools.cache(partial(prices.hourly, at=timezone.now()))
    wanted: list[tuple[User, Amounts]] = []
    for each in found:
        nodes = tuple(pricing.machines(each.sizes, [node.role for node in each.nodes.all()]))
        lasts = math.ceil((each.expires_at + more - each.created_at) / timedelta(hours=1))
        wanted.append((each.owner, {"hours": lasts, "credits": hourly(nodes) * hours}))
    reasons = _reasons(course, wanted)
    outcomes = (
        Outcome(each.owner.username, each, each.expires_at + more, reason)
        for each, reason in zip(found, reasons, strict=True)
    )
    return Preview(timezone.now(), tuple(outcomes))


def of_end(course: Course) -> Preview:
    now = timezone.now()
    return Preview(now, tuple(Outcome(each.owner.username, each, now) for each in clusters_of(course, Kind.END)))


def of_leaving(course: Course, username: str, *, end_clusters: bool) -> Preview:
    """Of somebody's clusters as they leave the course: these end now, or go on to their end."""
    now = timezone.now()
    left = present_clusters(course, [username])
    return Preview(now, tuple(Outcome(username, each, now if end_clusters else each.expires_at) for each in left))


def _asked(cluster: Cluster, wanted: StartWish, begins: datetime) -> Amounts:
    """What one cluster takes."""
    until = wanted.ready_at + timedelta(hours=wanted.hours)
    estimate = pricing.estimate(cluster.manifest, cluster.sizes, begins, until)
    return {**estimate.amounts(wanted.wish.workers), "hours": wanted.hours}


def _reasons(course: Course, wanted: Sequence[tuple[User, Amounts]]) -> list[str]:
    """Why each of them would be refused what they ask for, in as many queries for many as for one."""
    limits, used, standing = limits_of_students(course), usage.used_by_each(course), credit.standing(course.name)
    spent, held, nothing = credit.spending(course.name), credit.held(course.name), Decimal()
    candidates = (
        Candidate(
            limits.get(user.pk, Limits()),  # whoever leads is bound by the course's own
            {
                **used.get(user.pk, {}),
                "credits": spent.get(user.username, nothing) + held.get(user.username, nothing),
            },
            asked,
        )
        for user, asked in wanted
    )
    by_all = {**_together(used.values()), "credits": standing.granted - standing.remaining}
    return planning.forecast(candidates, limits_of(course), by_all, standing)


def _together(parts: Iterable[Amounts]) -> dict[str, Decimal]:
    together: dict[str, Decimal] = {}
    for amounts in parts:
        together |= {name: together.get(name, Decimal()) + Decimal(figure) for name, figure in amounts.items()}
    return together


def _have_one_of_the_name(course: Course, wish: Wish) -> dict[int, str]:
    taken = Cluster.objects.filter(course=course, name=wish.name).exclude(status=Status.DELETED)
    words = f"There is a cluster {wish.name!r} of theirs in this course already."
    return dict.fromkeys(taken.values_list("owner", flat=True), words)
