"""What is held of a course's credits for its clusters: the price of what is not charged yet, until their end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.db.models import F

from billing import holds
from billing.models import Hold
from portal.clusters.models import Cluster

CHARGED_AFTER = timedelta(hours=3)  # the last hour is charged once it is over; until then it stays held


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
