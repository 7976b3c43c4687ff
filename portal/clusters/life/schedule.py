"""Which courses the reconciler should look at now."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from portal.clusters.models import Cluster, Status
from portal.courses import passes
from portal.courses.models import Course


def due_courses() -> QuerySet[Course]:
    now = timezone.now()
    live = Cluster.objects.filter(course=OuterRef("pk")).exclude(status=Status.DELETED)
    settled = Q(status=F("target")) | Q(status=Status.FAILED, target=Status.READY)
    moving = live.exclude(settled & Q(target=Status.READY, expires_at__gt=now))
    ended = Cluster.objects.filter(course=OuterRef("pk"), status=Status.DELETED, ended_at__gt=now - passes.AFTERWARDS)
    return passes.due("reconciled_at", moving=Q(Exists(moving)), present=Q(Exists(live)), ended=Q(Exists(ended)))
