"""What only administrators look at."""

from __future__ import annotations

from portal.accounts.models import User
from portal.courses.rights import ADMINISTRATOR, Deed, may
from portal.refusals import Refusal


class ForAdministrators(Refusal):
    status = 403
    code = "for-administrators"
    title = "This is for administrators"

    def __init__(self, deed: Deed) -> None:
        super().__init__(f"You may not {deed}.", "Ask an administrator of the portal.")


def require(user: User, deed: Deed) -> None:
    """Raises ForAdministrators."""
    if not may(deed, {ADMINISTRATOR} if user.is_administrator else ()):
        raise ForAdministrators(deed)
