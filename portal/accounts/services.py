"""Logging in against Keystone."""

from __future__ import annotations

from django.db import transaction

from portal.accounts.models import User
from portal.cloud import identity
from portal.refusals import NotAllowed
from portal.trail.services import record


def log_in(username: str, password: str) -> User | None:
    """The person, where Keystone accepts the password; else None. Raises cloud.Unavailable."""
    who = identity.verify(username, password)
    if who is None:
        return None
    if who.email:
        User.objects.filter(keystone_id=who.id).exclude(email=who.email).update(email=who.email)
    if known := User.objects.filter(keystone_id=who.id).first():
        return known
    user, _ = User.objects.get_or_create(username=who.name)
    # Taken where nobody has logged in by it yet, and it is no service's. Else the name was given to somebody new in
    # Keystone, and what the former person has is none of theirs.
    free = User.objects.filter(pk=user.pk, keystone_id=None, service_scopes=None)
    taken = free.update(keystone_id=who.id, **({"email": who.email} if who.email else {}))
    return User.objects.get(pk=user.pk) if taken else None


@transaction.atomic
def set_letters(user: User, *, email: str | None = None, wants_letters: bool | None = None) -> None:
    """Where letters to a person go, and whether they want those that warn; what is None stays. Raises NotAllowed."""
    if user.is_service:
        raise NotAllowed("A service account gets no letters.", "Log in as a person, and use that token.")
    before = {"wants_letters": User.objects.get(pk=user.pk).wants_letters}
    said = {"email": email, "wants_letters": wants_letters}
    User.objects.filter(pk=user.pk).update(**{name: value for name, value in said.items() if value is not None})
    user.refresh_from_db(fields=[*said])
    after = {"wants_letters": user.wants_letters}
    # Addresses are nobody's business but the person's: the trail is read by others.
    record(user, "user.letters", user.pk, name=user.username, before=before, after=after)
