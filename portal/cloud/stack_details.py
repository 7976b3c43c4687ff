"""All that Heat says of one stack, for people who look into it. Read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heatclient import exc as heat

from portal.cloud import sessions
from portal.cloud.stacks import Stack, heat_of, moment, stack_of

EVENTS_SHOWN = 100


@dataclass(frozen=True)
class Resource:
    """`status` is as CREATE_COMPLETE, `since` when its last action began; `required_by` are names."""

    name: str
    type: str
    status: str
    reason: str
    since: datetime | None
    required_by: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """`resource` is the stack's own name where the stack itself is meant."""

    at: datetime | None
    resource: str
    status: str
    reason: str


@dataclass(frozen=True)
class Details:
    """`template` is as Heat gives it, and so are the values of parameters: of hidden ones they are stars."""

    stack: Stack
    template: Mapping[str, Any]
    parameters: Mapping[str, Any]
    resources: tuple[Resource, ...]
    events: tuple[Event, ...]


def has(project_id: str, stack_id: str, timeout: float | None = None) -> bool:
    """Whether a project has the stack. Raises CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        try:
            # Only where the stack is; Heat would resolve all its outputs for more.
            heat_of(project_id, timeout).http_client.get(f"/stacks/{stack_id}", redirect=False)
        except heat.HTTPNotFound:
            return False
    return True


def details(project_id: str, stack_id: str, timeout: float | None = None) -> Details | None:
    """None where the project has no such stack. Raises CloudUnavailable, CloudRefused."""
    cloud = heat_of(project_id, timeout)
    with sessions.named_failures():
        try:
            found = cloud.stacks.get(stack_id, resolve_outputs=False)
            # Its name beside its id spares a look-up before each.
            where = f"{found.stack_name}/{found.id}"
            return Details(
                stack_of(found),
                cloud.stacks.template(where),
                found.parameters,
                tuple(_resource(row) for row in cloud.resources.list(where)),
                tuple(_event(row) for row in cloud.events.list(where, limit=EVENTS_SHOWN, sort_dir="desc")),
            )
        except heat.HTTPNotFound:
            return None


def _resource(row: Any) -> Resource:
    return Resource(
        row.resource_name,
        row.resource_type,
        row.resource_status,
        row.resource_status_reason or "",
        moment(row.updated_time),
        tuple(sorted(row.required_by or ())),
    )


def _event(row: Any) -> Event:
    return Event(moment(row.event_time), row.resource_name, row.resource_status, row.resource_status_reason or "")
