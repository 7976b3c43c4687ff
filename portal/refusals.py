"""What the portal answers when it cannot do what was asked: one kind of exception, shown by pages and by the API."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)


class Refusal(Exception):
    """`detail` says what and why, `next` what to do now; `fields` maps each wrong field to its fault."""

    status = 400
    code = "refused"
    title = "This cannot be done"
    retry_after: int | None = None  # seconds, after which the same request may be answered otherwise

    def __init__(self, detail: str, next: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.next = next
        self.fields = dict(fields or {})

    def as_problem(self) -> dict[str, Any]:
        """The problem document (RFC 9457)."""
        body = {
            "type": f"urn:slipway:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "next": self.next,
        }
        return {**body, "errors": self.fields} if self.fields else body

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class Invalid(Refusal):
    """Something that was sent is wrong, whatever the state of things is."""

    status = 422
    code = "invalid"
    title = "Something in the request is not right"

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Invalid:
        detail = "; ".join(f"{name}: {why}" for name, why in fields.items())
        return cls(detail, "Correct the named fields and send it again.", fields)


class StaleForm(Refusal):
    """A form without the secret of the present session."""

    status = 403
    code = "stale-form"
    title = "This page is too old"

    def __init__(self) -> None:
        super().__init__(
            "It is from before you logged in, or your browser sends no cookies. Nothing was changed.",
            "Go back, load the page again, and send it once more.",
        )


class NotAllowed(Refusal):
    """For those who may see the thing, so that its existence is no secret to them."""

    status = 403
    code = "not-yours"
    title = "You may not do this"


class NotFound(Refusal):
    """Also where something exists, but its existence is none of the asker's business."""

    status = 404
    code = "not-found"
    title = "There is no such thing here"

    def __init__(self, what: str) -> None:
        super().__init__(f"You have no such {what}.", "Look at the list of what you have.")


class Conflict(Refusal):
    """Right as such, but not in the present state."""

    status = 409
    code = "conflict"
    title = "Not possible in the present state"


class LimitReached(Conflict):
    code = "limit-reached"
    title = "A limit is reached"


class TooLarge(Refusal):
    status = 413
    code = "too-large"
    title = "Too large"


class Busy(Refusal):
    """Too many want the same thing at this moment."""

    status = 503
    code = "busy"
    title = "Too many ask at once"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__(
            "So many ask for the same thing at this moment that your turn has not come. Nothing was changed.",
            "Send it again in a few seconds.",
        )


class Unavailable(Refusal):
    """Something that the portal needs does not answer."""

    status = 503
    code = "unavailable"
    title = "A service does not answer"


class Fault(Refusal):
    """Nobody's but ours. What it was stands in the log, and is told to nobody else."""

    status = 500
    code = "fault"
    title = "This is a fault of ours"

    def __init__(self) -> None:
        super().__init__(
            "The portal failed at this request. What happened has been written to its log.",
            "Try again in a minute, and tell your administrator if it stays.",
        )


def database_away(error: Exception) -> Unavailable:
    """Its own words are for the log: people cannot do anything about them."""
    log.error("The database does not answer: %s", error)
    return Unavailable("The portal's database does not answer.", "Try again in a minute.")


def sign_in_unavailable() -> Unavailable:
    return Unavailable("The sign-in service of the cloud does not answer as it should.", "Try again in a minute.")
