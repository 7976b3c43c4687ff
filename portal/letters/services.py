"""Writing letters, and delivering them."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.letters.models import Letter, State

log = logging.getLogger(__name__)

AT_ONCE = 500  # letters of one pass
GIVEN_UP = timedelta(days=1)  # a warning that is older tells nothing
REFUSED = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError)  # this letter, and not the others


def write(key: str, to: User, subject: str, text: str, *, must: bool = False) -> None:
    """A letter with the transaction; one with the same `key` that was written before stays the only one. It `must` be
    sent also to who wants none where it says that something of theirs is gone."""
    one_line = " ".join(subject.split())[:200]
    Letter.objects.bulk_create([Letter(key=key, to=to, subject=one_line, text=text, must=must)], ignore_conflicts=True)


def deliver() -> None:
    """Sends what waits. A letter is sent once; again only where the portal dies between sending it and saying so."""
    waiting = Letter.objects.filter(state=State.WAITING)
    waiting.filter(made_at__lt=timezone.now() - GIVEN_UP).update(state=State.UNDELIVERABLE)
    ids = list(waiting.order_by("made_at").values_list("pk", flat=True)[:AT_ONCE])
    if not ids:
        return
    connection = get_connection()
    try:
        connection.open()
        for pk in ids:
            _deliver(pk, connection)
    except (OSError, SMTPException) as error:
        log.warning("The mail server does not take letters now, and is asked again: %s", error)
    finally:
        connection.close()


def _deliver(pk: int, connection: BaseEmailBackend) -> None:
    with transaction.atomic():
        letter = Letter.objects.select_for_update(skip_locked=True, of=("self",)).select_related("to").filter(
            pk=pk, state=State.WAITING
        ).first()  # fmt: skip
        if letter is None:
            return  # another pass has it
        letter.state = _send(letter, connection)
        letter.sent_at = timezone.now() if letter.state == State.SENT else None
        letter.save(update_fields=["state", "sent_at"])


def _send(letter: Letter, connection: BaseEmailBackend) -> State:
    if not letter.to.email or not (letter.must or letter.to.wants_letters):
        return State.UNWANTED
    message = EmailMessage(
        letter.subject, letter.text, settings.DEFAULT_FROM_EMAIL, [letter.to.email], connection=connection
    )
    try:
        message.send()
    except REFUSED as error:
        log.warning("The mail server refuses letter %s: %s", letter.pk, error)
        return State.UNDELIVERABLE
    return State.SENT
