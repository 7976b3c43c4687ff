"""When passes over courses come: at once when somebody changed something, every second where something moves, every
30 s else.

There is one kind of pass for each service of the cloud, so that one that is down or slow holds up no other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import celery
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from portal.courses.models import Course

log = logging.getLogger(__name__)

CLUSTERS = "portal.clusters.tasks.reconcile_course"
FOLDERS = "portal.folders.tasks.reconcile_course"
PROJECTS = "portal.courses.tasks.make_project"
IN_MOTION = timedelta(seconds=0.9)
AT_REST = timedelta(seconds=30)
AFTERWARDS = timedelta(minutes=10)  # in which a stack or a share may still turn up that nobody waits for


def due(last: str, *, moving: Q, present: Q, ended: Q) -> QuerySet[Course]:
    """The courses that should be looked at now; `last` is the field that says when they were. Never those in which
    nothing is or was."""
    now = timezone.now()
    return Course.objects.exclude(project_id="").filter(
        Q(**{last: None}) & present
        | Q(**{f"{last}__lt": now - IN_MOTION}) & moving
        | Q(**{f"{last}__lt": now - AT_REST}) & (present | ended)
    )


def wake(course: Course, task: str, delays: Sequence[float] = (0,)) -> None:
    """Asks for passes after the transaction is over. Where the broker is away passes come all the same."""
    for delay in delays:
        transaction.on_commit(partial(_ask, task, str(course.pk), delay))


def _ask(task: str, course_id: str, delay: float) -> None:
    try:
        celery.current_app.send_task(task, (course_id,), countdown=delay or None, expires=10, retry=False)
    except OperationalError:
        log.warning("The broker does not answer; the next pass will find the change in the database")
