"""What is held of a course's credits for its clusters: the price of what is not charged yet, until their end.

A hold is written with what it is for and lowered with each charge; nothing relies on that: a pass computes all of them
anew from the clusters, their meters, the usage that is not charged, and the rates.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from billing import holds, rating
from billing.models import Hold
from portal.clusters import metering
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


@dataclass(frozen=True)
class Difference:
    """Of a cluster's hold: what stands there, and what should."""

    cluster: UUID
    course: str
    held: Decimal
    true: Decimal


def place(cluster: Cluster, amount: Decimal) -> None:
    """What costs nothing needs no hold."""
    if amount:
        expires_at = cluster.expires_at + CHARGED_AFTER
        holds.place(cluster.pk, cluster.course.name, cluster.owner.username, amount, expires_at)


def add(cluster: Cluster, amount: Decimal) -> None:
    """More nodes, or more time until `cluster.expires_at`."""
    expires_at = cluster.expires_at + CHARGED_AFTER
    held = Hold.objects.filter(resource=cluster.pk).update(amount=F("amount") + amount, expires_at=expires_at)
    if not held:
        place(cluster, amount)


def differences(course: Course, now: datetime, drift: timedelta = DRIFT) -> Iterator[Difference]:
    """The holds of the course's clusters that are not what they should be, beyond what passes in so much time."""
    clusters = course.clusters.filter(~Q(status=Status.DELETED) | Q(pk__in=Hold.objects.values("resource")))
    held = dict(Hold.objects.filter(course=course.name).values_list("resource", "amount"))
    spans = {
        cluster.pk: (true_amount(cluster, now), true_amount(cluster, now - drift))
        for cluster in clusters.select_related("course", "owner").prefetch_related("nodes")
    }
    # Read after the meters: what is measured meanwhile is counted twice for a moment, and never not at all.
    unrated = rating.unrated(spans)
    for pk, (least, most) in spans.items():
        amount, waiting = held.get(pk, Decimal()), unrated.get(pk, Decimal())
        if not least + waiting <= amount <= most + waiting:
            yield Difference(pk, course.name, amount, least + waiting)


def true_amount(cluster: Cluster, now: datetime) -> Decimal:
    """What should be held for it besides its usage that waits to be charged. One that failed before it was ready costs
    nothing."""
    if cluster.ended_at and cluster.ready_at is None:
        return Decimal()
    return metering.unmeasured(cluster, now)


def recompute() -> None:
    """A pass over all courses. Each has its limits to itself meanwhile, and for a moment only; one that is busy waits
    for the next pass."""
    for course in Course.objects.filter(Q(clusters__isnull=False)).distinct():
        try:
            mend(course)
        except Busy:
            log.warning("The holds of %s are left as they are until the next pass: the course is busy", course.name)


def mend(course: Course) -> list[Difference]:
    """Makes the course's holds what they should be; what was different. Raises Busy."""
    with allocating(course):
        now = timezone.now()
        holds.lock(course.name)
        found = list(differences(course, now, drift=timedelta()))
        clusters = Cluster.objects.select_related("course", "owner").in_bulk([each.cluster for each in found])
        for each in found:
            if each.true:
                place(clusters[each.cluster], each.true)
            else:
                holds.release(each.cluster)
        running = course.clusters.filter(ended_at=None).values_list("pk", flat=True)
        holds.keep(running, now + CHARGED_AFTER)
    return found
