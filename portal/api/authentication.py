"""Programs show a token."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import token_of


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. The request's `auth` is the token."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = get_authorization_header(request).decode("latin-1")
        if not header:
            return None
        scheme, _, secret = header.partition(" ")
        token = token_of(secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            raise AuthenticationFailed("The token is wrong, or its time is over.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
