"""Writing letters, and delivering them."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.letters.models import Letter, State
from portal.letters.sending import NotTaken, send

log = logging.getLogger(__name__)

AT_ONCE = 500  # letters of one pass
GIVEN_UP = timedelta(days=1)  # a warning that is older tells nothing
TRIES = 10  # of a letter that the server does not take; the waits between them double, and are three hours together
SOONEST = timedelta(seconds=20)
KEPT = timedelta(days=90)


def write(key: str, to: User, subject: str, text: str, *, must: bool = False) -> None:
    """A letter with the transaction; one with the same `key` that was written before stays the only one. It `must` be
    sent also to who wants none where it says that something of theirs is gone."""
    one_line = " ".join(subject.split())[:200]
    Letter.objects.bulk_create([Letter(key=key, to=to, subject=one_line, text=text, must=must)], ignore_conflicts=True)


def deliver() -> None:
    """Sends what is due. A letter is sent once; again only where the portal dies between sending it and saying so."""
    now = timezone.now()
    waiting = Letter.objects.filter(state=State.WAITING)
    waiting.filter(made_at__lt=now - GIVEN_UP, trouble="").update(trouble="the mail server did not answer for a day")
    waiting.filter(made_at__lt=now - GIVEN_UP).update(state=State.UNDELIVERABLE)
    ids = list(waiting.filter(next_at__lte=now).order_by("made_at").values_list("pk", flat=True)[:AT_ONCE])
    if not ids:
        return
    connection = get_connection()
    try:
        connection.open()
        for pk in ids:
            if not _deliver(pk, connection):
                break
    except OSError as error:  # smtplib's are among them
        log.warning("The mail server does not take letters now, and is asked again: %s", error)
    finally:
        connection.close()


def forget() -> None:
    """What was sent, or never will be, so long ago."""
    Letter.objects.filter(made_at__lt=timezone.now() - KEPT).exclude(state=State.WAITING).delete()


def _deliver(pk: int, connection: BaseEmailBackend) -> bool:
    """Whether the server takes further ones."""
    with transaction.atomic():
        letter = Letter.objects.select_for_update(skip_locked=True, of=("self",)).select_related("to").filter(
            pk=pk, state=State.WAITING
        ).first()  # fmt: skip
        if letter is None:
            return True  # another pass has it
        goes_on = _try(letter, connection)
        letter.save(update_fields=["state", "sent_at", "attempts", "next_at", "trouble"])
    return goes_on


def _try(letter: Letter, connection: BaseEmailBackend) -> bool:
    if not letter.to.email or not (letter.must or letter.to.wants_letters):
        letter.state = State.UNWANTED
        return True
    letter.attempts += 1
    try:
        send(letter, connection)
    except NotTaken as error:
        log.warning("Letter %s is not taken: %s", letter.pk, error)
        letter.trouble = str(error)[:500]
        if error.for_good or letter.attempts >= TRIES:
            letter.state = State.UNDELIVERABLE
        letter.next_at = timezone.now() + SOONEST * 2 ** (letter.attempts - 1)
        return not error.gone
    letter.state, letter.sent_at, letter.trouble = State.SENT, timezone.now(), ""
    return True
