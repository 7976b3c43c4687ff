"""What a token may be used for, at most. What its person may do is decided apart, by their roles."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models

from portal.refusals import Refusal


class Scope(models.TextChoices):
    """Reading needs `read`, whatever is read; each of the others is for changing things of one kind."""

    READ = "read", "Read"
    CLUSTERS = "clusters", "Clusters, folders and jobs"
    COURSE = "course", "Courses"
    BILLING = "billing", "Credits and charges"
    ADMIN = "admin", "Administration"


class OutOfScope(Refusal):
    """The person may, perhaps; this token may not."""

    status = 403
    code = "insufficient-scope"
    title = "This token may not be used for that"

    def __init__(self, needed: Scope) -> None:
        super().__init__(
            f"This needs a token with the scope {needed.value!r}.",
            "Make such a token on the page Tokens, or log in anew, and use that.",
        )
        self.needed = needed

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self.needed.value}"'}


def require(needed: Scope, scopes: Collection[str]) -> None:
    if needed not in scopes:
        raise OutOfScope(needed)


def in_order(scopes: Collection[str]) -> list[str]:
    """As the list above has them, each once."""
    return [scope.value for scope in Scope if scope in scopes]
