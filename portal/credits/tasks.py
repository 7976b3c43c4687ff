"""What Celery runs for credits."""

from __future__ import annotations

from celery import shared_task

from portal.credits import holding, leases


@shared_task
def settle_leases() -> None:
    leases.settle()


@shared_task
def recompute_holds() -> None:
    holding.recompute()
