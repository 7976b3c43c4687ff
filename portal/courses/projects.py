"""Making a course's project. The row says that it is wanted; each pass begins anew, and finds what an earlier one has
made."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.cloud import provisioner
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.courses.models import Course
from portal.locks import try_lock
from portal.trail.services import record

log = logging.getLogger(__name__)

RETRY_SILENT = timedelta(seconds=10)
RETRY_REFUSED = timedelta(seconds=60)
NO_ANSWER = "the cloud, which does not answer at the moment; this goes on by itself as soon as it does"


def wanted() -> QuerySet[Course]:
    due = Q(retry_at=None) | Q(retry_at__lte=timezone.now())
    return Course.objects.filter(due, project_id="", archived_at=None)


def make(course: Course) -> None:
    """The project by its name, made where it is not there, and the portal's user in it. Raises nothing that the next
    pass can mend."""
    if settings.PROVISIONER is None:
        _wait(course, "a credential that may make projects: show this to your administrator", RETRY_REFUSED)
        return
    with try_lock(f"project of course {course.pk}") as held:
        if not held:
            return
        try:
            project_id = provisioner.ensure_project(course.project_name, course.title)
            provisioner.admit_service_user(project_id)
        except CloudUnavailable as error:
            log.warning("The cloud does not answer about the project of course %s: %s", course.name, error)
            _wait(course, NO_ANSWER, RETRY_SILENT)
        except CloudRefused as error:
            log.warning("The cloud refuses to make the project of course %s: %s", course.name, error)
            _wait(course, f"the cloud, which refuses it: {error}", RETRY_REFUSED)
        else:
            _take(course, project_id)


@transaction.atomic
def _take(course: Course, project_id: str) -> None:
    without = Course.objects.filter(pk=course.pk, project_id="")
    if without.update(project_id=project_id, waiting_for="", retry_at=None):
        after = {"project_id": project_id, "project": course.project_name, "roles": list(provisioner.ROLES)}
        before = {"project_id": ""}
        record(None, "course.project", course.pk, name=course.title, course=course.name, before=before, after=after)


def _wait(course: Course, words: str, delay: timedelta) -> None:
    limit = Course._meta.get_field("waiting_for").max_length
    Course.objects.filter(pk=course.pk).update(waiting_for=words[:limit], retry_at=timezone.now() + delay)
