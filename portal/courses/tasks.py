"""What Celery runs for courses."""

from __future__ import annotations

from celery import shared_task

from portal.courses import projects


@shared_task
def make_projects() -> None:
    for course in projects.wanted():
        make_project.apply_async((str(course.pk),), expires=10)


@shared_task
def make_project(course_id: str) -> None:
    course = projects.wanted().filter(pk=course_id).first()
    if course:
        projects.make(course)
