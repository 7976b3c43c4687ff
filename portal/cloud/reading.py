"""Reading from services that have no client here: only commands ask Nova, Glance and Neutron, never a page."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from keystoneauth1 import adapter, discover, exceptions

from portal.cloud import sessions

# The versions that we know, by the names that OpenStack gives to kinds of services.
VERSIONS = {
    "orchestration": "1",
    "compute": "2",
    "network": "2",
    "image": "2",
    "shared-file-system": "2",
    "block-storage": "3",
    "container": "1",
}
LONGEST_LIST = 50  # pages


@functools.lru_cache(maxsize=1000)
def service(project_id: str, kind: str) -> Any:
    """keystoneauth's way to a service; it finds the address of the version that we know."""
    version = VERSIONS[kind]
    return adapter.Adapter(
        sessions.for_project(project_id),
        service_type=kind,
        min_version=version,
        max_version=f"{version}.latest",
        **settings.CLOUD.endpoint,
    )


def is_there(project_id: str, kind: str) -> bool:
    """Whether the cloud has a service of this kind, in a version that we know."""
    with sessions.named_failures():
        try:
            return service(project_id, kind).get_endpoint() is not None
        except (exceptions.EndpointNotFound, ValueError):
            # keystoneauth stumbles over a catalogue that has a kind by two names, and neither in this region.
            return False


def described(project_id: str, kind: str) -> str:
    """A service's address and versions; empty where there is none. Raises CloudUnavailable, CloudRefused."""
    if not is_there(project_id, kind):
        return ""
    with sessions.named_failures():
        found = service(project_id, kind).get_endpoint_data()
    version = discover.version_to_string(found.api_version) if found.api_version else "?"
    newest = f", up to {discover.version_to_string(found.max_microversion)}" if found.max_microversion else ""
    return f"{found.url} (version {version}{newest})"


def read(project_id: str, kind: str, path: str, microversion: str | None = None) -> dict[str, Any]:
    """What a service says at a path. Raises CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        answer: dict[str, Any] = service(project_id, kind).get(path, microversion=microversion).json()
    return answer


def read_all(project_id: str, kind: str, path: str, key: str, microversion: str | None = None) -> list[dict[str, Any]]:
    """The rows below `key` of all pages. Raises CloudUnavailable, CloudRefused."""
    found: list[dict[str, Any]] = []
    query = ""
    for _ in range(LONGEST_LIST):
        body = read(project_id, kind, path + query, microversion)
        with sessions.named_failures():
            found += body[key]
            following = _next_page(body, key)
        if not following:
            break
        # The rest of such an address may name a host that only the cloud's own machines know.
        query = "?" + urlsplit(following).query
    return found


def _next_page(body: dict[str, Any], key: str) -> str:
    links = [str(link["href"]) for link in body.get(f"{key}_links", []) if link["rel"] == "next"]
    return str(body.get("next") or "") or next(iter(links), "")
