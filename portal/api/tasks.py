"""What Celery runs for the API."""

from __future__ import annotations

from celery import shared_task

from portal.api import idempotency


@shared_task
def forget_answers() -> None:
    idempotency.forget()
