"""What the second credential does, where there is one: makes courses' projects, and reads who is in a group.

All else is done by the service user, who could not do this without being an administrator of the whole cloud.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from portal.cloud import sessions
from portal.cloud.connection import Provisioner

ROLES = ("member", "heat_stack_owner")  # the service user's in each project


class NoSuchGroup(Exception):
    """Keystone has no group of this name where the credential may look."""


def ensure_project(name: str, description: str) -> str:
    """The id of the project of this name, which is made where there is none. Raises CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        own = _session()
        wanted = {"name": name, "domain_id": _domain_id(own)}
        if found := _known(own, "projects", wanted):
            return str(found["id"])
        try:
            made = own.post(_url("projects"), json={"project": {**wanted, "description": description}})
        except exceptions.Conflict:  # another has made it meanwhile
            return str(_known(own, "projects", wanted)["id"])
        return str(made.json()["project"]["id"])


def admit_service_user(project_id: str) -> None:
    """Gives the service user what it needs in the project; again changes nothing. Raises CloudUnavailable,
    CloudRefused."""
    with sessions.named_failures():
        own, user_id = _session(), sessions.unscoped().get_user_id()
        for name in ROLES:
            role = _known(own, "roles", {"name": name})
            if not role:
                raise sessions.CloudRefused(f"it has no role {name}, or does not show it to the provisioner")
            own.put(_url(f"projects/{project_id}/users/{user_id}/roles/{role['id']}"))


def members_of_group(name: str) -> list[str]:
    """The names of the people in a group. Raises NoSuchGroup, CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        own = _session()
        group = _known(own, "groups", {"name": name, "domain_id": _domain_id(own)})
        if not group:
            raise NoSuchGroup(name)
        users = own.get(_url(f"groups/{group['id']}/users")).json()["users"]
        return sorted(str(user["name"]) for user in users if user["enabled"])


def _known(own: session.Session, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """The one thing that is asked for; empty where there is none."""
    rows = own.get(_url(kind), params=wanted).json()[kind]
    return dict(rows[0]) if rows else {}


def _domain_id(own: Any) -> str:
    """The one in which the credential acts."""
    return str(own.auth.get_access(own).domain_id)


def _credential() -> Provisioner:
    assert settings.PROVISIONER, "nobody may come here without one"
    return settings.PROVISIONER


def _session() -> session.Session:
    own = _credential()
    return sessions.make(
        v3.Password(
            auth_url=own.connection.auth_url,
            username=own.connection.username,
            password=own.connection.password,
            **own.connection.user_domain,
            **own.domain,
        )
    )


def _url(path: str) -> str:
    return f"{_credential().connection.auth_url}/{path}"
