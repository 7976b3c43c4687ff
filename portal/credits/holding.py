"""Whether what is held of a course's credits is what should be: of its clusters, of what other services lend, and of
nothing else. A pass computes all of it anew."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils import timezone

from billing import holds
from billing.models import Hold
from portal.clusters.accounting import holding as clusters
from portal.clusters.accounting.holding import CHARGED_AFTER, DRIFT, Difference
from portal.courses.models import Course
from portal.credits import leases
from portal.credits.models import Lease
from portal.locks import allocating
from portal.refusals import Busy

log = logging.getLogger(__name__)

LOOKS = 3  # of an audit, for what differs to become what it should be
ROUNDING = Decimal("0.00001")  # of a lease: each of its hours is rounded as it is charged


@dataclass(frozen=True)
class Audit:
    """What is mended, and what would not be."""

    mended: list[Difference]
    left: list[Difference]


def differences(course: Course, now: datetime, drift: timedelta = DRIFT) -> list[Difference]:
    """The course's holds that are not what they should be, beyond what passes in so much time."""
    return [*clusters.differences(course, now, drift), *_of_leases(course), *_of_nothing(_unknown(course))]


def recompute() -> None:
    """A pass over all courses. Each has its limits to itself meanwhile, and for a moment only; one that is busy waits
    for the next pass."""
    lending = Q(pk__in=Lease.objects.filter(ended_at=None).values("course"))
    holding = Q(name__in=Hold.objects.values("course"))
    for course in Course.objects.filter(Q(clusters__isnull=False) | lending | holding).distinct():
        try:
            mend(course)
        except Busy:
            log.warning("The holds of %s are left as they are until the next pass: the course is busy", course.name)
    release_of_no_course()


def audit(course: Course) -> Audit:
    """Mends, and looks whether that has cured all. What is measured in this moment counts twice, so it is looked at
    again. Raises Busy."""
    with allocating(course):
        found = left = differences(course, timezone.now())
        for _ in range(LOOKS):
            mend(course)
            left = differences(course, timezone.now())
            if not left:
                break
    still = {each.wanted.resource for each in left}
    return Audit([each for each in found if each.wanted.resource not in still], left)


def mend(course: Course) -> list[Difference]:
    """Makes the course's holds what they should be; what was different. Raises Busy."""
    with allocating(course):
        now = timezone.now()
        holds.lock(course.name)
        found = differences(course, now, drift=timedelta())
        holds.place_all([each.wanted for each in found if each.wanted.amount])
        holds.release(*(each.wanted.resource for each in found if not each.wanted.amount))
        running = course.clusters.filter(ended_at=None).values_list("pk", flat=True)
        holds.keep(running, now + CHARGED_AFTER)
    return found


def release_of_no_course() -> list[Difference]:
    """Holds of courses that nobody knows, which have no lock either; what they were."""
    found = _of_nothing(Hold.objects.exclude(course__in=Course.objects.values("name")))
    holds.release(*(each.wanted.resource for each in found))
    return found


def _of_leases(course: Course) -> list[Difference]:
    wanted = Lease.objects.filter(Q(ended_at=None) | Q(pk__in=holds.resources()), course=course)
    present = list(wanted.select_related("course", "person"))
    held = dict(Hold.objects.filter(course=course.name).values_list("resource", "amount"))
    uncharged = leases.uncharged(present)
    found = [
        Difference(f"lease {lease.pk}", held.get(lease.pk, Decimal()), leases.hold_of(lease, uncharged[lease.pk]))
        for lease in present
    ]
    return [each for each in found if abs(each.held - each.wanted.amount) > ROUNDING]


def _unknown(course: Course) -> QuerySet[Hold]:
    """Who makes a cluster or a lease has the course's lock, and places the hold in the same transaction."""
    of_clusters = Q(resource__in=course.clusters.values("pk"))
    of_leases = Q(resource__in=Lease.objects.filter(course=course).values("pk"))
    return Hold.objects.filter(course=course.name).exclude(of_clusters | of_leases)


def _of_nothing(found: QuerySet[Hold]) -> list[Difference]:
    return [
        Difference(
            f"{hold.resource}, which is no cluster and no lease,",
            hold.amount,
            Hold(resource=hold.resource, course=hold.course, person=hold.person, amount=Decimal()),
        )
        for hold in found
    ]
