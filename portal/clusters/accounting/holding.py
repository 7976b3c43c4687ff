"""What is held of a course's credits for its clusters: the price of what is not charged yet, until their end.

A hold is written with what it is for and lowered with each charge; nothing relies on that: portal/credits/holding.py
computes all of them anew from the clusters, their meters, the usage that is not charged, and the rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q

from billing import holds, rating
from billing.models import Hold
from portal.clusters.accounting import metering
from portal.clusters.accounting.metering import Reading
from portal.clusters.models import Cluster, Status
from portal.courses.models import Course

# A hold is released once all is charged. By itself it expires so much later, lest one that nobody releases stays for
# ever: far longer than the passes that charge and release may be away.
CHARGED_AFTER = timedelta(days=30)
# A cluster that is being made is held for from when it was asked for, and costs from when it is ready.
DRIFT = timedelta(minutes=5)


@dataclass(frozen=True)
class Difference:
    """Of a hold: how much stands there, and what should; one of nothing should not be there."""

    what: str
    held: Decimal
    wanted: Hold


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
            found.append(Difference(f"cluster {cluster.pk}", amount, _hold(cluster, least)))
    return found


def true_amount(cluster: Cluster, now: datetime) -> Decimal:
    """What should be held for it besides its usage that waits to be charged."""
    return _true_amount(cluster, metering.read([cluster], now), now)


def _true_amount(cluster: Cluster, reading: Reading, now: datetime) -> Decimal:
    """One that failed before it was ready costs nothing."""
    if cluster.ended_at and cluster.ready_at is None:
        return Decimal()
    return reading.unmeasured(cluster, now)


def _hold(cluster: Cluster, amount: Decimal) -> Hold:
    return Hold(
        resource=cluster.pk,
        course=cluster.course.name,
        person=cluster.owner.username,
        amount=amount,
        expires_at=cluster.expires_at + CHARGED_AFTER,
    )
