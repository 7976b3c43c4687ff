"""What Celery runs for clusters."""

from __future__ import annotations

from celery import shared_task

from billing import outbox
from portal.clusters.accounting import metering
from portal.clusters.life import exhaustion, lifetime, reconciler, schedule
from portal.courses.models import Course
from portal.folders import tasks as folders


@shared_task
def pulse() -> None:
    """Starts a pass for each course that is due, over its clusters and over its folders."""
    folders.start_due_passes()
    for course in schedule.due_courses():
        reconcile_course.apply_async((str(course.pk),), expires=10)


@shared_task
def reconcile_course(course_id: str) -> None:
    course = Course.objects.filter(pk=course_id).first()
    if course:
        reconciler.reconcile(course)


@shared_task
def look_at_ends() -> None:
    lifetime.look()
    exhaustion.look()


@shared_task
def meter() -> None:
    metering.meter()


@shared_task
def tell_billing() -> None:
    outbox.deliver()


@shared_task
def forget_notices() -> None:
    outbox.forget()
