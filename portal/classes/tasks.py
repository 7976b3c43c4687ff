"""What Celery runs for classes."""

from __future__ import annotations

from celery import shared_task

from portal.classes import carrying_out


@shared_task
def carry_on() -> None:
    carrying_out.carry_on()
