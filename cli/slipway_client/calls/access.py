"""Who one is, and tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..transport import Json, segment
from .base import Calls


class Access(Calls):
    def log_in(self, username: str, password: str) -> Json:
        """Get a token and use it from now on: {"token", "id", "expires_at", ...}."""
        answer = self._portal.json("POST", "auth/tokens", {"username": username, "password": password})
        self._portal.token = str(answer["token"])
        return answer

    def me(self) -> Json:
        """Who the token is of, what it may be used for, and where letters to that person go."""
        return self._portal.json("GET", "me")

    def change_me(self, changes: Mapping[str, Any]) -> Json:
        """Of email and wants_letters those that are said."""
        return self._portal.json("PATCH", "me", dict(changes))

    def tokens(self) -> list[Json]:
        return self._portal.pages("auth/tokens")

    def create_token(self, name: str, scopes: Sequence[str], days: int, service_account: str = "") -> Json:
        """A token for a program; its text stands in "token", this once only."""
        body: Json = {"name": name, "scopes": list(scopes), "days": days}
        more = {"service_account": service_account} if service_account else {}
        return self._portal.json("POST", "auth/tokens", {**body, **more})

    def revoke_token(self, token_id: str) -> None:
        self._portal.json("DELETE", f"auth/tokens/{segment(token_id)}")
