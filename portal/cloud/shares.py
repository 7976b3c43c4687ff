"""Manila's shares of one project: those that are folders of a course."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from keystoneauth1 import exceptions as keystone
from manilaclient import api_versions, client
from manilaclient import exceptions as manila

from portal.cloud import sessions

PREFIX = "slipway-folder-"  # of the names of shares that are ours
NEWEST = "2.65"  # the newest microversion that is spoken here; an older Manila is spoken to as it can
PAGE = 100  # shares in one answer
MOST_PAGES = 100
# Since these microversions exports have an address of their own, and so have rules.
EXPORTS_APART = api_versions.APIVersion("2.9")
RULES_APART = api_versions.APIVersion("2.45")


@dataclass(frozen=True)
class Share:
    """`status` is Manila's word: creating, available, extending, error..."""

    id: str
    name: str
    status: str
    size_gb: int
    created_at: str

    @property
    def ours(self) -> bool:
        return self.name.startswith(PREFIX)


@dataclass(frozen=True)
class Rule:
    """Who may mount: `kind` is ip or cephx, `subject` an address or a CephX user, `level` ro or rw."""

    id: str
    kind: str
    subject: str
    level: str
    state: str
    key: str = field(repr=False)  # of a CephX user; no log may show it


@functools.lru_cache(maxsize=1000)
def _manila(project_id: str, timeout: float | None = None) -> Any:
    session = sessions.for_project(project_id, timeout)
    try:
        where = session.get_endpoint(None, service_type="sharev2", **settings.CLOUD.endpoint)
    except keystone.EndpointNotFound as error:
        raise sessions.CloudRefused(f"The cloud has no shared file systems: {error}") from error
    known = {"session": session, "service_catalog_url": where, "service_type": "sharev2"}
    version = api_versions.discover_version(client.Client(NEWEST, **known), api_versions.APIVersion(NEWEST))
    return client.Client(version.get_string(), **known)


@contextmanager
def _named_failures() -> Iterator[None]:
    """As those of sessions; "not found" and "conflict" that nobody expected are a no as well."""
    with sessions.named_failures():
        try:
            yield
        except (manila.NotFound, manila.Conflict) as error:
            raise sessions.CloudRefused(str(error)) from error


def list_shares(project_id: str) -> list[Share]:
    """The shares of a project that are folders, the oldest first. Raises CloudUnavailable, CloudRefused."""
    return [share for share in list_every(project_id) if share.ours]


def list_every(project_id: str, timeout: float | None = None) -> list[Share]:
    """Also those that others made. Raises CloudUnavailable, CloudRefused."""
    found: list[Share] = []
    with _named_failures():
        cloud = _manila(project_id, timeout)
        for page in range(MOST_PAGES):
            rows = cloud.shares.list(search_opts={"limit": PAGE, "offset": page * PAGE})
            found += [_share(row) for row in rows]
            if len(rows) < PAGE:
                return sorted(found, key=lambda share: (share.created_at, share.id))
    raise sessions.CloudRefused(f"Project {project_id} has more than {MOST_PAGES * PAGE} shares.")


def create(project_id: str, name: str, size_gb: int, share_type: str, protocol: str) -> str:
    """Asks for a share and gives its id. Manila takes a name twice: look for it before. Raises CloudUnavailable,
    CloudRefused."""
    with _named_failures():
        made = _manila(project_id).shares.create(protocol, size_gb, name=name, share_type=share_type)
    return str(made.id)


def extend(project_id: str, share_id: str, size_gb: int) -> None:
    """Asks for more room; what is in the share stays. Raises CloudUnavailable, CloudRefused."""
    with _named_failures():
        _manila(project_id).shares.extend(share_id, size_gb)


def delete(project_id: str, share_id: str) -> None:
    """Asks for the share's end; one that is gone is well. Raises CloudUnavailable, CloudRefused."""
    with _named_failures():
        try:
            _manila(project_id).shares.delete(share_id)
        except manila.NotFound:
            return


def exports(project_id: str, share_id: str) -> list[str]:
    """What machines mount, the preferred one first. Raises CloudUnavailable, CloudRefused."""
    with _named_failures():
        cloud = _manila(project_id)
        try:
            if cloud.api_version < EXPORTS_APART:
                share = cloud.shares.get(share_id)
                return export_paths(getattr(share, "export_locations", None) or getattr(share, "export_location", None))
            return export_paths(cloud.share_export_locations.list(share_id))
        except manila.NotFound:
            return []


def export_paths(said: Any) -> list[str]:
    """The paths in any of the forms in which Manila has given them: a text, texts, or records. Pure."""
    if isinstance(said, str):
        return [said] if said else []
    records = [each for each in said or () if isinstance(each, str) or not getattr(each, "is_admin_only", False)]
    records.sort(key=lambda each: not getattr(each, "preferred", False))
    return [each if isinstance(each, str) else str(each.path) for each in records]


def rules(project_id: str, share_id: str, timeout: float | None = None) -> list[Rule]:
    """All access rules of a share; none of one that is gone. Raises CloudUnavailable, CloudRefused."""
    with _named_failures():
        cloud = _manila(project_id, timeout)
        try:
            apart = cloud.api_version >= RULES_APART
            rows = cloud.share_access_rules.access_list(share_id) if apart else cloud.shares.access_list(share_id)
        except manila.NotFound:
            return []
    return [_rule(row) for row in rows]


def allow(project_id: str, share_id: str, kind: str, subject: str, level: str) -> None:
    """Asks for a rule; one that is there is well. Raises CloudUnavailable, CloudRefused."""
    with _named_failures():
        try:
            _manila(project_id).shares.allow(share_id, kind, subject, level)
        except manila.BadRequest as error:
            if "exists" not in str(error):
                raise


def deny(project_id: str, share_id: str, rule_id: str) -> None:
    """Asks for a rule's end; one that is gone is well. Raises CloudUnavailable, CloudRefused."""
    with _named_failures():
        try:
            _manila(project_id).shares.deny(share_id, rule_id)
        except manila.NotFound:
            return


def _share(row: Any) -> Share:
    return Share(row.id, row.name or "", row.status, int(row.size), str(row.created_at))


def _rule(row: Any) -> Rule:
    return Rule(
        row.id, row.access_type, row.access_to, row.access_level, row.state, str(getattr(row, "access_key", "") or "")
    )
