"""Billing's refusals in the portal's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from billing.errors import NotPossible, Wrong
from portal.accounts.models import User
from portal.courses.rights import Deed, may
from portal.courses.services import parts_of
from portal.refusals import Conflict, Invalid, NotAllowed


@contextmanager
def refusing() -> Iterator[None]:
    try:
        yield
    except Wrong as error:
        raise Invalid.of({error.field: error.why}) from error
    except NotPossible as error:
        raise Conflict(f"This cannot be booked: {error}.", "Look at the accounts, and send another amount.") from error


def require(user: User, deed: Deed) -> None:
    """For what belongs to no course. Raises NotAllowed."""
    if not may(deed, parts_of(user)):
        raise NotAllowed(f"You may not {deed}.", "Ask an administrator.")
