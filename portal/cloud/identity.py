"""Who somebody is, according to Keystone."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from portal.cloud import sessions

EMAIL_SECONDS = 5  # that a log-in waits at most for the person's address


class Identity(NamedTuple):
    id: str
    name: str
    email: str = ""


def verify(username: str, password: str) -> Identity | None:
    """Asks for an unscoped token and throws it away: nothing is ever done in a person's name.

    None where name or password is wrong. Raises CloudUnavailable.
    """
    auth = v3.Password(
        auth_url=settings.CLOUD.auth_url,
        username=username,
        password=password,
        unscoped=True,
        **settings.LOGIN_DOMAIN,
    )
    with sessions.named_failures():
        own = sessions.make(auth)
        try:
            access = auth.get_access(own)
        except (exceptions.Unauthorized, exceptions.BadRequest):
            return None
    return Identity(str(access.user_id), str(access.username), _email(own, str(access.user_id)))


def _email(own: Session, user_id: str) -> str:
    """Where Keystone knows one and tells it; a log-in does not fail by it."""
    try:
        said = own.get(f"{settings.CLOUD.auth_url}/users/{user_id}", timeout=EMAIL_SECONDS).json()["user"].get("email")
        validate_email(said)
    except (exceptions.ClientException, ValidationError, AttributeError, LookupError, TypeError, ValueError):
        return ""
    return str(said)


class Project(NamedTuple):
    id: str
    name: str


def projects() -> list[Project]:
    """Those in which the service user has a role: the courses' own. Raises CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        rows = sessions.unscoped().get(f"{settings.CLOUD.auth_url}/auth/projects").json()["projects"]
        found = [Project(row["id"], row["name"]) for row in rows if row["enabled"]]
        return sorted(found, key=lambda project: project.name)


def clock_and_token_life() -> tuple[float, float]:
    """By how many seconds Keystone's clock is ahead of ours, and how many a new token lives.

    Raises CloudUnavailable, CloudRefused.
    """
    began = timezone.now()
    access = _access(sessions.unscoped())
    ours = began + (timezone.now() - began) / 2
    # Keystone's are whole seconds: the middle of one is the best guess.
    ahead = (access.issued - ours).total_seconds() + 0.5
    return ahead, (access.expires - access.issued).total_seconds()


def roles(project_id: str) -> list[str]:
    """The service user's in a project. Raises CloudUnavailable, CloudRefused."""
    return [str(name) for name in _access(sessions.for_project(project_id)).role_names]


def _access(own: Any) -> Any:
    with sessions.named_failures():
        return own.auth.get_access(own)
