"""What there is to know of a cloud before anyone relies on it: asked with the service user's rights, for `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from keystoneauth1 import exceptions as keystone

from portal.cloud import identity, offer, reading, sessions
from portal.cloud.findings import Facts, Project
from portal.cloud.quotas import Room
from portal.cloud.sessions import CloudRefused, CloudUnavailable

HEAT_STACKS = 512  # Heat's own bound for a project; it tells nobody
# In what services say of a project's limits: the bound, and what is used of it where that is said too.
LIMITS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "compute": {
        "instances": ("maxTotalInstances", "totalInstancesUsed"),
        "cores": ("maxTotalCores", "totalCoresUsed"),
        "MB of memory": ("maxTotalRAMSize", "totalRAMUsed"),
        "key pairs": ("maxTotalKeypairs", ""),
        "server groups": ("maxServerGroups", "totalServerGroupsUsed"),
        "server group members": ("maxServerGroupMembers", ""),
    },
    "shared-file-system": {
        "shares": ("maxTotalShares", "totalSharesUsed"),
        "GB of shares": ("maxTotalShareGigabytes", "totalShareGigabytesUsed"),
    },
    "block-storage": {
        "volumes": ("maxTotalVolumes", "totalVolumesUsed"),
        "GB of volumes": ("maxTotalVolumeGigabytes", "totalGigabytesUsed"),
    },
}
NEUTRON = {
    "ports": "port",
    "networks": "network",
    "subnets": "subnet",
    "routers": "router",
    "floating IPs": "floatingip",
    "security groups": "security_group",
    "security group rules": "security_group_rule",
}
CHECK_CONNECTION = (
    "correct the user's name, password and domain (OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME, or clouds.yaml)"
)
CHECK_ADDRESS = "correct auth_url (OS_AUTH_URL, or clouds.yaml), or open the way from this machine to it"
GIVE_AUTHORITY = "give the file of the authority that signed it: OS_CACERT, or cacert in clouds.yaml"
Found = TypeVar("Found")


def inspect(courses: Mapping[str, str]) -> Facts:
    """The facts; `courses` are the roster's titles by the ids of their projects. Raises nothing of the cloud's."""
    cloud = settings.CLOUD
    plain = Facts(cloud.auth_url, cloud.username, checked=bool(cloud.verify), courses=courses)
    try:
        with sessions.named_failures():
            (skew, token_seconds), own = identity.clock_and_token_life(), identity.projects()
    except (CloudUnavailable, CloudRefused) as error:
        trouble, step = explain(error.__cause__ or error)
        return replace(plain, log_in=trouble, log_in_step=step)
    projects = [_project(project) for project in own]
    found = replace(plain, clock_skew=skew, token_seconds=token_seconds, projects=projects)
    usable = [project.id for project in projects if not project.trouble]
    return replace(found, **_of_projects(usable)) if usable else found


def explain(error: BaseException) -> tuple[str, str]:
    """Why the service user did not come in, and what to do, in plain words."""
    text = str(error)
    known: list[tuple[bool, str, str]] = [
        (isinstance(error, keystone.Unauthorized), "user, password or domain is wrong", CHECK_CONNECTION),
        ("CERTIFICATE_VERIFY_FAILED" in text, "its certificate is not trusted here", GIVE_AUTHORITY),
        (isinstance(error, keystone.SSLError), "no TLS comes about: it may be an http address", CHECK_ADDRESS),
        ("Name or service not known" in text or "resolve" in text, "the host's name is not known", CHECK_ADDRESS),
        (isinstance(error, keystone.ConnectTimeout), f"no answer within {sessions.TIMEOUT} s", CHECK_ADDRESS),
        ("Connection refused" in text, "nobody listens there", CHECK_ADDRESS),
        (isinstance(error, keystone.NotFound), "Keystone's version 3 is not at this address", CHECK_ADDRESS),
    ]
    for applies, words, step in known:
        if applies:
            return words, step
    return text, CHECK_ADDRESS


def _project(project: identity.Project) -> Project:
    try:
        roles = frozenset(identity.roles(project.id))
    except (CloudUnavailable, CloudRefused) as error:
        return Project(project.id, project.name, trouble=str(error))
    rooms: dict[str, Room] = {}
    limits = [partial(_limits, project.id, kind) for kind in LIMITS]
    for ask in (*limits, partial(_neutron, project.id), partial(_heat, project.id)):
        rooms |= _attempt(ask, dict[str, Room]())
    return Project(project.id, project.name, roles, rooms)


def _attempt(ask: Callable[[], Found], otherwise: Found) -> Found:
    """What a service says; what it does not say, or not as OpenStack, is missing in the verdicts, which tell so."""
    with suppress(CloudUnavailable, CloudRefused), sessions.named_failures():
        return ask()
    return otherwise


def _limits(project_id: str, kind: str) -> dict[str, Room]:
    said = reading.read(project_id, kind, "/limits")["limits"]["absolute"]
    return {
        name: _room(said[bound], said.get(used, 0)) for name, (bound, used) in LIMITS[kind].items() if bound in said
    }


def _neutron(project_id: str) -> dict[str, Room]:
    """With what is used where Neutron tells it (since Pike)."""
    try:
        said = reading.read(project_id, "network", f"/quotas/{project_id}/details.json")["quota"]
    except (CloudUnavailable, CloudRefused):
        bounds = reading.read(project_id, "network", f"/quotas/{project_id}")["quota"]
        said = {name: {"limit": bound, "used": 0} for name, bound in bounds.items()}
    return {name: _room(said[key]["limit"], said[key]["used"]) for name, key in NEUTRON.items() if key in said}


def _heat(project_id: str) -> dict[str, Room]:
    return {"stacks": _room(HEAT_STACKS, reading.read(project_id, "orchestration", "/stacks?with_count=true")["count"])}


def _room(limit: Any, used: Any) -> Room:
    """What is no number is no answer."""
    return Room(int(limit), int(used))


def _of_projects(project_ids: Sequence[str]) -> dict[str, Any]:
    """What the first of them sees of the services, and what all of them may use."""
    first = project_ids[0]
    services, troubles = {}, {}
    for kind in reading.VERSIONS:
        try:
            with sessions.named_failures():
                services[kind] = reading.described(first, kind)
        except (CloudUnavailable, CloudRefused) as error:
            troubles[kind] = str(error)
    nothing: tuple[offer.Document, list[str]] = ({}, ["flavors, images and share types could not be read"])
    document, remarks = _attempt(partial(offer.offer, project_ids), nothing)
    return {
        "services": services,
        "troubles": troubles,
        "catalogue": document,
        "remarks": remarks,
        "resource_types": _attempt(partial(_resource_types, first), frozenset[str]()),
        "networks": _attempt(partial(_networks, first), dict[str, int]()),
    }


def _resource_types(project_id: str) -> frozenset[str]:
    return frozenset(reading.read(project_id, "orchestration", "/resource_types")["resource_types"])


def _networks(project_id: str) -> dict[str, int]:
    """How many subnets each has."""
    found = reading.read_all(project_id, "network", "/networks", "networks")
    return {network["name"]: len(network["subnets"]) for network in found}
