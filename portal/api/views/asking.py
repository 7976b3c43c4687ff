"""Who asks."""

from __future__ import annotations

from typing import cast

from rest_framework.request import Request

from portal.accounts.models import User


def user_of(request: Request) -> User:
    return cast(User, request.user)
