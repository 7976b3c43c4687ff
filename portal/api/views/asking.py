"""Who asks, and how what they get is called."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.urls import reverse
from rest_framework.request import Request

from portal.accounts.models import User


def address_of(name: str, *given: object) -> str:
    """As people reach it: in front of the portal may stand a proxy, which alone knows by which name."""
    return settings.PUBLIC_URL + reverse(f"api:{name}", args=given)


def user_of(request: Request) -> User:
    return cast(User, request.user)
