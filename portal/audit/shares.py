"""The shares of all courses' projects beside what the portal believes and what the ledger charges. Read only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import Max, Min, Q, Sum
from django.utils import timezone

from billing.models import Meter
from portal.audit.asking import Report, answers
from portal.audit.share_comparison import FolderBelief, ShareRow, StorageCharge, compare
from portal.cloud import shares
from portal.cloud.shares import Share
from portal.courses.models import Course
from portal.folders.models import Folder, Status
from portal.folders.reconciler import SHARE_NAME

RECENTLY = timedelta(days=1)  # in which an ended folder is still compared with the ledger


def reports(courses: Sequence[Course]) -> list[Report[ShareRow]]:
    """One list of each project, and as many queries for many courses as for one."""
    known, troubles = answers(courses, shares.list_every)
    beliefs = _beliefs(known)
    charges = _charges([belief.id for found in beliefs.values() for belief in found])
    now = timezone.now()
    return [
        Report(course, tuple(compare(known[course], beliefs.get(course.pk, ()), charges, now)))
        if course in known
        else Report(course, (), troubles[course])
        for course in courses
    ]


def _beliefs(known: Mapping[Course, Sequence[Share]]) -> dict[UUID, list[FolderBelief]]:
    """Folders that are there, that have a share, that are charged, or that have ended a short time ago."""
    named = [match[1] for found in known.values() for share in found if (match := SHARE_NAME.fullmatch(share.name))]
    running = Meter.objects.filter(kind=Meter.Kind.STORAGE, course__in=[course.name for course in known], ended_at=None)
    wanted = ~Q(status=Status.DELETED) | Q(pk__in=named) | Q(pk__in=running.values("subject"))
    wanted |= Q(ended_at__gt=timezone.now() - RECENTLY)
    beliefs: dict[UUID, list[FolderBelief]] = {}
    for folder in Folder.objects.filter(wanted, course__in=known).select_related("maker"):
        beliefs.setdefault(folder.course_id, []).append(_belief(folder))
    return beliefs


def _belief(folder: Folder) -> FolderBelief:
    return FolderBelief(
        id=folder.pk,
        name=folder.name,
        maker=folder.maker.username,
        status=folder.status,
        share_name=folder.share_name,
        share_id=folder.share_id,
        size_gb=folder.size_gb,
        created_at=folder.created_at,
        ended_at=folder.ended_at,
    )


def _charges(folders: Collection[UUID]) -> dict[UUID, StorageCharge]:
    counted = Meter.objects.filter(kind=Meter.Kind.STORAGE, subject__in=folders).values("subject")
    rows = counted.annotate(
        running=Sum("quantity", filter=Q(ended_at=None)),
        began=Max("began_at", filter=Q(ended_at=None)),
        first=Min("began_at"),
        charged_to=Max("measured_to"),
    )
    return {
        row["subject"]: StorageCharge(row["running"], row["began"] or row["first"], row["charged_to"]) for row in rows
    }
