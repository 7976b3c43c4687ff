"""What Celery runs for jobs."""

from __future__ import annotations

from celery import shared_task

from portal.jobs import services


@shared_task
def sweep() -> None:
    services.end_orphans()
