"""What Celery runs for folders."""

from __future__ import annotations

from celery import shared_task

from portal.courses.models import Course
from portal.folders import reconciler, schedule


def start_due_passes() -> None:
    for course in schedule.due_courses():
        reconcile_course.apply_async((str(course.pk),), expires=10)


@shared_task
def reconcile_course(course_id: str) -> None:
    course = Course.objects.filter(pk=course_id).first()
    if course:
        reconciler.reconcile(course)
