"""What is held of a course's credits for its clusters: the price of what is not charged yet, until their end.

A hold is written with what it is for and lowered with each charge; nothing relies on that: a pass computes all of them
anew from the clusters, their meters, the usage that is not charged, and the rates.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q
from django.utils import timezone

from billing import holds, rating
from billing.models import Hold
from portal.clusters.accounting import metering
from portal.clusters.accounting.metering import Reading
from portal.clusters.models import Cluster, Status
from portal.courses.models import Course
from portal.locks import allocating
from portal.refusals import Busy

log = logging.getLogger(__name__)

# A hold is released once all is charged. By itself it expires so much later, lest one that nobody releases stays for
# ever: far longer than the passes that charge and release may be away.
CHARGED_AFTER = timedelta(days=30)
# A cluster that is being made is held for from when it was asked for, and costs from when it is ready.
DRIFT = timedelta(minutes=5)
LOOKS = 3  # of an audit, for what differs to become what it should be


@dataclass(frozen=True)
class Difference:
    """Of a cluster's hold: what stands there, and what should."""

    cluster: Cluster
    held: Decimal
    true: Decimal


@dataclass(frozen=True)
class Audit:
    """What is mended, and what would not be."""

    mended: list[Difference]
    left: list[Difference]


def place(cluster: Cluster, amount: Decimal) -> None:
    """What costs nothing needs no hold."""
    if amount:
        holds.place_all([_hold(cluster, amount)])


def add(cluster: Cluster, amount: Decimal) -> None:
    """More nodes, or more time until `cluster.expires_at`."""
    expires_at = cluster.expires_at + CHARGED_AFTER
    held = Hold.objects.filter(resource=cluster.pk).update(amount=F("amount") + amount, expires_at=expires_at)
    if not held:
        place(cluster, amount)


def differences(course: Course, now: datetime, drift: timedelta = DRIFT) -> list[Difference]:
    """The holds of the course's clusters that are not what they should be, beyond what passes in so much time."""
    wanted = course.clusters.filter(~Q(status=Status.DELETED) | Q(pk__in=Hold.objects.values("resource")))
    clusters = list(wanted.select_related("course", "owner").prefetch_related("nodes"))
    held = dict(Hold.objects.filter(course=course.name).values_list("resource", "amount"))
    reading = metering.read(clusters, now)
    # Read after the meters: what is measured meanwhile is counted twice for a moment, and never not at all.
    unrated = rating.unrated([cluster.pk for cluster in clusters])
    found = []
    for cluster in clusters:
        amount, waiting = held.get(cluster.pk, Decimal()), unrated.get(cluster.pk, Decimal())
        least = _true_amount(cluster, reading, now) + waiting
        if not least <= amount <= _true_amount(cluster, reading, now - drift) + waiting:
            found.append(Difference(cluster, amount, least))
    return found


def true_amount(cluster: Cluster, now: datetime) -> Decimal:
    """What should be held for it besides its usage that waits to be charged."""
    return _true_amount(cluster, metering.read([cluster], now), now)


def _true_amount(cluster: Cluster, reading: Reading, now: datetime) -> Decimal:
    """One that failed before it was ready costs nothing."""
    if cluster.ended_at and cluster.ready_at is None:
        return Decimal()
    return reading.unmeasured(cluster, now)


def recompute() -> None:
    """A pass over all courses. Each has its limits to itself meanwhile, and for a moment only; one that is busy waits
    for the next pass."""
    for course in Course.objects.filter(Q(clusters__isnull=False)).distinct():
        try:
            mend(course)
        except Busy:
            log.warning("The holds of %s are left as they are until the next pass: the course is busy", course.name)


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
    still = {each.cluster.pk for each in left}
    return Audit([each for each in found if each.cluster.pk not in still], left)


def mend(course: Course) -> list[Difference]:
    """Makes the course's holds what they should be; what was different. Raises Busy."""
    with allocating(course):
        now = timezone.now()
        holds.lock(course.name)
        found = differences(course, now, drift=timedelta())
        holds.place_all([_hold(each.cluster, each.true) for each in found if each.true])
        holds.release(*(each.cluster.pk for each in found if not each.true))
        running = course.clusters.filter(ended_at=None).values_list("pk", flat=True)
        holds.keep(running, now + CHARGED_AFTER)
    return found


def _hold(cluster: Cluster, amount: Decimal) -> Hold:
    return Hold(
        resource=cluster.pk,
        course=cluster.course.name,
        person=cluster.owner.username,
        amount=amount,
        expires_at=cluster.expires_at + CHARGED_AFTER,
    )
