"""What a stack waits for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from portal.cloud.stack_details import Event, Resource
from portal.cloud.stacks import Stack

SERVER = "OS::Nova::Server"
EARLIEST = datetime.min.replace(tzinfo=UTC)


def blocker(resources: Iterable[Resource]) -> Resource | None:
    """The resource that failed first, or else the one that is longest under way: all that it needs is there."""
    for state in ("_FAILED", "_IN_PROGRESS"):
        found = [resource for resource in resources if resource.status.endswith(state)]
        if found:
            return min(found, key=lambda resource: (resource.since or EARLIEST, resource.name))
    return None


def in_state_since(stack: Stack, events: Iterable[Event]) -> datetime | None:
    """When the stack came into its present state, as its events say; else when its last action began."""
    state = f"{stack.action}_{stack.status}"
    own = [event.at for event in events if (event.resource, event.status) == (stack.name, state) and event.at]
    return max(own, default=stack.since)


def servers(resources: Iterable[Resource]) -> int:
    """How many machines the stack has."""
    present = [each for each in resources if each.type == SERVER and each.status != "DELETE_COMPLETE"]
    return len(present)
