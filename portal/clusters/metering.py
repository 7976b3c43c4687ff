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
    now = timezone.now()
    unfinished = Q(metered_to=None) | Q(ended_at=None) | Q(metered_to__lt=TruncHour(F("ended_at")))
    ready = Cluster.objects.filter(unfinished, ready_at__isnull=False).select_related("course", "owner")
    for cluster in ready.iterator(chunk_size=500):
        assert cluster.ready_at
        end = min(now, cluster.ended_at or now)
        hours = billing.hours_touched(cluster.metered_to or cluster.ready_at, end)
        if not hours or hours[-1] == cluster.metered_to:
            continue
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
