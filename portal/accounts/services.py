"""Logging in, and tokens for programs."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from portal.accounts.models import ApiToken, User
from portal.cloud import identity


def log_in(username: str, password: str) -> User | None:
    """The person, where Keystone accepts the password; else None. Raises cloud.Unavailable."""
    who = identity.verify(username, password)
    if who is None:
        return None
    if known := User.objects.filter(keystone_id=who.id).first():
        return known
    user, _ = User.objects.get_or_create(username=who.name)
    # Taken where nobody has logged in by it yet. Else the name was given to somebody new in Keystone, and what the
    # former person has is none of theirs.
    taken = User.objects.filter(pk=user.pk, keystone_id=None).update(keystone_id=who.id)
    return User.objects.get(pk=user.pk) if taken else None


def issue_token(user: User) -> tuple[str, datetime]:
    """A new token and the moment it ends. It can be read this once only."""
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + settings.TOKEN_LIFETIME
    ApiToken.objects.filter(user=user, expires_at__lte=timezone.now()).delete()
    ApiToken.objects.create(user=user, digest=_digest(token), expires_at=expires_at)
    return token, expires_at


def user_of_token(token: str) -> User | None:
    row = ApiToken.objects.select_related("user").filter(digest=_digest(token), expires_at__gt=timezone.now()).first()
    return row.user if row else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
