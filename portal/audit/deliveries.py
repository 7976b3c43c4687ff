"""What others have not taken from the portal: mail servers letters, and the university's billing notices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from billing.models import Notice
from portal.accounts.models import User
from portal.audit.administrators import require
from portal.courses.rights import Deed
from portal.letters.models import Letter, State

LATE = timedelta(minutes=10)  # in which anything should have arrived
RECENT = timedelta(days=7)  # in which a letter that never arrived is somebody's matter still


def letters(reader: User) -> QuerySet[Letter]:
    """Those that never arrived, and those that were tried in vain and wait; the newest first. Raises
    ForAdministrators."""
    require(reader, Deed.SEE_DELIVERIES)
    in_vain = Q(state=State.UNDELIVERABLE) | Q(state=State.WAITING, attempts__gt=0)
    return Letter.objects.filter(in_vain).select_related("to").order_by("-made_at", "-id")


def notices(reader: User) -> QuerySet[Notice]:
    """Those that were not taken yet, the newest first. Raises ForAdministrators."""
    require(reader, Deed.SEE_DELIVERIES)
    return Notice.objects.filter(delivered_at=None).order_by("-made_at", "-id")


def troubles(now: datetime) -> Iterator[str]:
    """What an administrator should look at, a line each."""
    late = Notice.objects.filter(delivered_at=None, made_at__lt=now - LATE).order_by("made_at")
    if oldest := late.first():
        said = oldest.trouble or "nothing yet"
        yield (
            f"The university's billing has not taken {late.count()} notices; the oldest is of "
            f"{oldest.made_at:%Y-%m-%d %H:%M} UTC, was told {oldest.attempts} times, and it said: {said}"
        )
    waiting = Letter.objects.filter(state=State.WAITING, made_at__lt=now - LATE).count()
    if waiting:
        yield f"{waiting} letters wait for the mail server (SLIPWAY_MAIL_URL)."
    lost = Letter.objects.filter(state=State.UNDELIVERABLE, made_at__gt=now - RECENT).order_by("-made_at")
    if newest := lost.select_related("to").first():
        yield f"{lost.count()} letters of this week never arrived; the newest was to {newest.to}: {newest.trouble}"
