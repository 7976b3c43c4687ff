"""Which courses the reconciler should look at now."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from portal.clusters.models import Cluster, Status
from portal.courses.models import Course

IN_MOTION = timedelta(seconds=0.9)
AT_REST = timedelta(seconds=30)
AFTERWARDS = timedelta(minutes=10)  # in which a stack may still turn up that nobody waits for


def due_courses() -> QuerySet[Course]:
    """Every second where something moves, every 30 s where something only is, never where nothing is or was."""
    now = timezone.now()
    live = Cluster.objects.filter(course=OuterRef("pk")).exclude(status=Status.DELETED)
    settled = Q(status=F("target")) | Q(status=Status.FAILED, target=Status.READY)
    moving = live.exclude(settled & Q(target=Status.READY, expires_at__gt=now))
    ended = Cluster.objects.filter(course=OuterRef("pk"), status=Status.DELETED, ended_at__gt=now - AFTERWARDS)
    return Course.objects.filter(
        Q(reconciled_at=None) & Exists(live)
        | Q(reconciled_at__lt=now - IN_MOTION) & Exists(moving)
        | Q(reconciled_at__lt=now - AT_REST) & (Exists(live) | Exists(ended))
    )
