"""What the portal refuses, as exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The portal said no. `status` is HTTP's, `next` says what to do, `errors` names wrong fields: {field: text}."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        next: str = "",
        errors: Mapping[str, str] | None = None,
        *,
        retry_after: float = 0.0,
        never_sent: bool = False,
    ) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.next = next
        self.errors = dict(errors or {})
        self.retry_after = retry_after  # seconds, where the portal names them
        self.never_sent = never_sent  # nothing of the request can have reached the portal
        super().__init__(" - ".join(self.parts()))

    def parts(self) -> list[str]:
        """What a person reads: title, detail, the wrong fields where the detail does not name them, what to do."""
        fields = "; ".join(f"{field}: {text}" for field, text in self.errors.items())
        said = (self.title, self.detail, "" if fields in self.detail else fields, self.next)
        return [part for part in said if part]

    def as_problem(self) -> dict[str, Any]:
        """In the shape in which the portal says it."""
        body: dict[str, Any] = {
            "title": self.title, "status": self.status, "detail": self.detail, "next": self.next,
        }  # fmt: skip
        return {**body, "errors": self.errors} if self.errors else body


class UnreachableError(ApiError):
    """The portal did not answer, or answered that it cannot now (5xx). The same call may work a little later."""
