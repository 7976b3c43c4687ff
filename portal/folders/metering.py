"""From facts to meters: a folder counts with its size, from when it could be used to when it was deleted."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils import timezone

from billing import metering
from billing.models import Meter
from portal.folders.models import Folder, Status


def follow(folder: Folder, at: datetime) -> None:
    """A folder only grows, so each of its sizes has one meter."""
    service = metering.Service(f"{folder.pk}/{folder.size_gb}", Meter.Kind.STORAGE, folder.share_type, folder.size_gb)
    metering.ended(folder.pk, at, but=[service.resource])
    metering.began(folder.pk, [service], at, course=folder.course.name, person=folder.maker.username)


def follow_all() -> None:
    """What ended, and folders from before there were meters."""
    running = metering.running(Meter.Kind.STORAGE).values("subject")
    for pk, ended_at in Folder.objects.filter(pk__in=running, ended_at__isnull=False).values_list("pk", "ended_at"):
        assert ended_at
        metering.ended(pk, ended_at)
    unknown = Folder.objects.filter(~Exists(Meter.objects.filter(subject=OuterRef("pk"))), status=Status.AVAILABLE)
    for folder in unknown.filter(ended_at=None).select_related("course", "maker"):
        follow(folder, timezone.now())
