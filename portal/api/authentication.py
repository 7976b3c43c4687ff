"""Programs show a token."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts.models import User
from portal.accounts.services import user_of_token


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer TOKEN`."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        header = get_authorization_header(request).decode("latin-1")
        if not header:
            return None
        scheme, _, token = header.partition(" ")
        user = user_of_token(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise AuthenticationFailed("The token is wrong, or its time is over.")
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
