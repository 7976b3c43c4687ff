"""Logging in against Keystone."""

from __future__ import annotations

from portal.accounts.models import User
from portal.cloud import identity


def log_in(username: str, password: str) -> User | None:
    """The person, where Keystone accepts the password; else None. Raises cloud.Unavailable."""
    who = identity.verify(username, password)
    if who is None:
        return None
    if known := User.objects.filter(keystone_id=who.id).first():
        return known
    user, _ = User.objects.get_or_create(username=who.name)
    # Taken where nobody has logged in by it yet, and it is no service's. Else the name was given to somebody new in
    # Keystone, and what the former person has is none of theirs.
    free = User.objects.filter(pk=user.pk, keystone_id=None, service_scopes=None)
    return User.objects.get(pk=user.pk) if free.update(keystone_id=who.id) else None
