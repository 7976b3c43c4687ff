"""Which courses' shares should be looked at now."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from portal.courses import passes
from portal.courses.models import Course
from portal.folders.models import Folder, Mount, Status


def due_courses() -> QuerySet[Course]:
    """A folder moves also where a cluster that mounts it does: its machines come and go."""
    here = Folder.objects.filter(course=OuterRef("pk"))
    present = here.exclude(status=Status.DELETED)
    moving = present.exclude(status=F("target")).exclude(status=Status.FAILED, target=Status.AVAILABLE)
    guests = Mount.objects.filter(
        cluster__course=OuterRef("pk"), cluster__status__in=("creating", "updating", "deleting")
    )
    ended = here.filter(status=Status.DELETED, ended_at__gt=timezone.now() - passes.AFTERWARDS)
    return passes.due(
        "folders_reconciled_at",
        moving=Q(Exists(moving)) | Q(Exists(guests)),
        present=Q(Exists(present)),
        ended=Q(Exists(ended)),
    )
