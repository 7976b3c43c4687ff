"""A usage record for each hour of the clock in which a cluster was ready."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from billing import services as billing
from portal.clusters.models import Cluster


def meter() -> None:
    """Records what is not recorded yet, also of hours in which nobody metered."""
    unfinished = Q(metered_to=None) | Q(ended_at=None) | Q(metered_to__lt=TruncHour(F("ended_at")))
    ready = Cluster.objects.filter(unfinished, ready_at__isnull=False).select_related("course", "owner")
    for cluster in ready.iterator(chunk_size=500):
        meter_cluster(cluster)


def meter_cluster(cluster: Cluster) -> None:
    """As large as it is by its row: before that changes, the hours until then are recorded. An hour in which it changes
    counts as it began."""
    now = timezone.now()
    assert cluster.ready_at
    hours = billing.hours_touched(cluster.metered_to or cluster.ready_at, min(now, cluster.ended_at or now))
    if not hours or hours[-1] == cluster.metered_to:
        return
    with transaction.atomic():
        billing.record_usage(
            cluster.pk,
            hours,
            course=cluster.course.name,
            owner=cluster.owner.username,
            nodes=len(cluster.manifest.nodes(cluster.worker_numbers)),
            vcpus=cluster.vcpus,
            memory_mb=cluster.memory_mb,
        )
        Cluster.objects.filter(pk=cluster.pk).update(metered_to=hours[-1])
