"""Who asks, what they sent, and how what they get is called."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from django.conf import settings
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from portal.accounts.models import User

Shape = TypeVar("Shape", bound=BaseSerializer[Any])


def address_of(name: str, *given: object) -> str:
    """As people reach it: in front of the portal may stand a proxy, which alone knows by which name."""
    return settings.PUBLIC_URL + reverse(f"api:{name}", args=given)


def user_of(request: Request) -> User:
    return cast(User, request.user)


def body_of(request: Request, shape: type[Shape]) -> Shape:
    """What was sent, valid. Raises DRF's ValidationError with every wrong field."""
    return _valid(shape(data=request.data))


def query_of(request: Request, shape: type[Shape]) -> Shape:
    """What stands behind the question mark, valid. Raises DRF's ValidationError with every wrong field."""
    return _valid(shape(data=request.query_params.dict(), context={"is_query": True}))


def _valid(said: Shape) -> Shape:
    said.is_valid(raise_exception=True)
    return said
