"""Who somebody is, according to Keystone."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from keystoneauth1 import exceptions
from keystoneauth1.identity import v3

from portal.cloud import sessions


class Identity(NamedTuple):
    id: str
    name: str


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
        try:
            access = auth.get_access(sessions.make(auth))
        except (exceptions.Unauthorized, exceptions.BadRequest):
            return None
    return Identity(str(access.user_id), str(access.username))


class Project(NamedTuple):
    id: str
    name: str


def projects() -> list[Project]:
    """Those in which the service user has a role: the courses' own. Raises CloudUnavailable, CloudRefused."""
    cloud = settings.CLOUD
    own = sessions.make(
        v3.Password(
            cloud.auth_url, username=cloud.username, password=cloud.password, unscoped=True, **cloud.user_domain
        )
    )
    with sessions.named_failures():
        rows = own.get(f"{cloud.auth_url}/auth/projects").json()["projects"]
    return sorted(Project(row["id"], row["name"]) for row in rows if row["enabled"])
