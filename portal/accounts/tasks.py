"""What Celery runs for accounts."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from portal.accounts.models import ApiToken


@shared_task
def forget_expired() -> None:
    """Sessions and tokens that have ended are of no use to anybody but a thief of the database."""
    call_command("clearsessions")
    ApiToken.objects.filter(expires_at__lte=timezone.now()).delete()
