"""Django's way to ask Keystone."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from portal.accounts.models import User
from portal.accounts.services import log_in


class KeystoneBackend(BaseBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        return log_in(username, password) if username and password else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id).first()
