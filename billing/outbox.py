"""What the university's own billing is told. A notice is written in the transaction of what it tells of; a pass
delivers it, at least once, and those of one lease one after the other. Nothing waits for that."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from billing import outside
from billing.models import Notice

log = logging.getLogger(__name__)

AT_ONCE = 100  # notices of one pass
LONGEST_PASS = 20  # seconds, after which no further one is begun
SOONEST, LATEST = timedelta(seconds=5), timedelta(hours=1)  # until one that was not taken is told again
KEPT = timedelta(days=90)


def tell(verb: Notice.Verb, lease: UUID, body: Mapping[str, Any]) -> None:
    """Of a lease whose beginning was not told nothing is, and what was told last is not told again."""
    if settings.BILLING is None:
        return
    if verb != Notice.Verb.CREATE:
        last = Notice.objects.filter(lease=lease).order_by("-pk").first()
        if last is None or last.body == body:
            return
    Notice.objects.create(verb=verb, lease=lease, body=dict(body))


def deliver() -> None:
    """What is due. Where nobody answers the rest waits for the next pass."""
    end = time.monotonic() + LONGEST_PASS
    for _ in range(AT_ONCE):
        if not settings.BILLING or time.monotonic() > end or not _deliver_one(settings.BILLING):
            return


def forget() -> None:
    """What was taken so long ago; but the last word on a lease that has not ended is needed for the next."""
    later = Notice.objects.filter(lease=OuterRef("lease"), pk__gt=OuterRef("pk"))
    taken = Notice.objects.filter(delivered_at__lt=timezone.now() - KEPT)
    taken.filter(Q(verb=Notice.Verb.ON_END) | Exists(later)).delete()


def _deliver_one(service: outside.Service) -> bool:
    """Whether another should be tried. Its row is locked meanwhile, so two passes at once tell nothing twice."""
    waiting = Notice.objects.filter(delivered_at=None)
    earlier = waiting.filter(lease=OuterRef("lease"), pk__lt=OuterRef("pk"))
    with transaction.atomic():
        due = waiting.select_for_update(skip_locked=True).filter(~Exists(earlier), next_at__lte=timezone.now())
        notice = due.order_by("next_at", "pk").first()
        if notice is None:
            return False
        answered = True
        try:
            outside.call(service, notice.verb, notice.body, str(notice.key))
            notice.delivered_at, notice.trouble = timezone.now(), ""
        except (outside.Refused, outside.Silent) as error:
            # A no to what has happened changes nothing: it is told until it is taken.
            answered = isinstance(error, outside.Refused)
            log.warning("The university's billing did not take %s of %s: %s", notice.verb, notice.lease, error)
            notice.trouble = str(error)[:500]
            notice.next_at = timezone.now() + min(SOONEST * 2 ** min(notice.attempts, 12), LATEST)
        notice.attempts += 1
        notice.save(update_fields=["delivered_at", "trouble", "next_at", "attempts"])
    return answered
