"""What Celery runs for letters."""

from __future__ import annotations

from celery import shared_task

from portal.letters import services


@shared_task
def deliver() -> None:
    services.deliver()


@shared_task
def forget() -> None:
    services.forget()
