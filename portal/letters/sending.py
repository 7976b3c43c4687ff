"""One letter and the mail server: what became of it."""

from __future__ import annotations

import logging
from email.errors import MessageError
from smtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from portal.letters.models import Letter

log = logging.getLogger(__name__)

OURS = (SMTPSenderRefused, SMTPAuthenticationError)  # the server's no to the portal, whatever the letter


class NotTaken(Exception):
    """`for_good`: this letter never will be. `gone`: the server takes no other one now."""

    def __init__(self, why: object, *, for_good: bool = False, gone: bool = False) -> None:
        super().__init__(" ".join(str(why).split()))
        self.for_good, self.gone = for_good, gone


def send(letter: Letter, connection: BaseEmailBackend) -> None:
    """Raises NotTaken, and nothing else, as one letter's trouble is no other's."""
    message = EmailMessage(
        letter.subject, letter.text, settings.DEFAULT_FROM_EMAIL, [letter.to.email], connection=connection
    )
    try:
        message.send()
    except SMTPException as error:
        gone = isinstance(error, SMTPServerDisconnected)
        raise NotTaken(_reason(error), for_good=_is_for_good(error), gone=gone) from error
    except OSError as error:
        raise NotTaken(error, gone=True) from error
    except (ValueError, MessageError) as error:
        raise NotTaken(f"no letter can be sent to this address: {error}", for_good=True) from error
    except Exception as error:
        log.exception("Letter %s cannot be sent", letter.pk)
        raise NotTaken(f"{type(error).__name__}: {error}") from error


def _is_for_good(error: SMTPException) -> bool:
    """By the server's numbers: those from 500 on are final, those from 400 on pass."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, SMTPResponseException):
        return not isinstance(error, OURS) and error.smtp_code >= 500
    return isinstance(error, SMTPNotSupportedError)


def _reason(error: SMTPException) -> str:
    """In the server's words."""
    if isinstance(error, SMTPRecipientsRefused):
        return "; ".join(_said(code, text) for code, text in error.recipients.values())
    if isinstance(error, SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def _said(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
