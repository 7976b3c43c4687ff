"""Heat's stacks of one project."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from heatclient import client
from heatclient import exc as heat

from portal.cloud import sessions
from portal.cloud.sessions import CloudUnavailable

TAG = "slipway"
NOT_THERE = "Heat is not where Keystone says it is"
WAIT_CONDITION = "OS::Heat::WaitCondition"
GENERATION_TAG = "slipway-generation-"
NODES_TAG = "slipway-nodes-"


@dataclass(frozen=True)
class Stack:
    """What Heat says of a stack: `action` is CREATE, UPDATE, DELETE...; `status` IN_PROGRESS, COMPLETE or FAILED.

    `generation` is that of the template which Heat has taken last, `nodes` is how many machines it has: they stand in
    tags, so that the list has them. `since` is when its last action began, and `ours` whether the portal made it.
    """

    id: str
    name: str
    action: str
    status: str
    reason: str
    generation: int = 1
    nodes: int | None = None
    since: datetime | None = None
    ours: bool = True


@functools.lru_cache(maxsize=1000)
def heat_of(project_id: str, timeout: float | None = None) -> Any:
    """Heat's client in a project, for this package alone."""
    return client.Client(
        "1",
        session=sessions.for_project(project_id, timeout),
        service_type="orchestration",
        **settings.CLOUD.endpoint,
    )


def list_stacks(project_id: str) -> dict[str, Stack]:
    """All of the portal's stacks of a project by their names, in one request a page. Raises CloudUnavailable."""
    with sessions.named_failures():
        try:
            found = [stack_of(row) for row in heat_of(project_id).stacks.list(filters={"tags": TAG})]
        except heat.HTTPNotFound as error:
            raise CloudUnavailable(NOT_THERE) from error
    return {stack.name: stack for stack in found}


def list_every(project_id: str, timeout: float | None = None) -> list[Stack]:
    """All stacks of a project in one request: strangers' and such as Heat's own lists hide, too. Raises
    CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        try:
            return [stack_of(row) for row in heat_of(project_id, timeout).stacks.list(show_hidden=True)]
        except heat.HTTPNotFound as error:
            raise CloudUnavailable(NOT_THERE) from error


def create(
    project_id: str,
    name: str,
    template: str,
    parameters: Mapping[str, Any],
    timeout_minutes: int,
    nodes: int | None = None,
) -> str | None:
    """Asks for the stack and gives its id, or None where the name is taken: then it was made before.

    Rollback is off: of a failed stack the evidence stays until its delete. Raises CloudUnavailable, CloudRefused.
    """
    with sessions.named_failures():
        try:
            answer = heat_of(project_id).stacks.create(
                stack_name=name,
                template=template,
                parameters=_texts(parameters),
                timeout_mins=timeout_minutes,
                disable_rollback=True,
                tags=_tags(1, nodes),
            )
        except heat.HTTPConflict:
            return None
        except heat.HTTPNotFound as error:
            raise CloudUnavailable(NOT_THERE) from error
        return str(answer["stack"]["id"])


def update(
    project_id: str,
    stack_id: str,
    template: str,
    parameters: Mapping[str, Any],
    generation: int,
    timeout_minutes: int,
    nodes: int | None = None,
) -> bool:
    """Asks for the stack to become as the template. Whether Heat took it: not where it is busy with the stack, or has
    it no more. Raises CloudUnavailable, CloudRefused.
    """
    with sessions.named_failures():
        try:
            heat_of(project_id).stacks.update(
                stack_id,
                template=template,
                parameters=_texts(parameters),
                timeout_mins=timeout_minutes,
                disable_rollback=True,
                tags=_tags(generation, nodes),
            )
        except (heat.HTTPConflict, heat.HTTPNotFound):
            return False
    return True


def touched_by_update(project_id: str, stack_id: str, template: str, parameters: Mapping[str, Any]) -> set[str] | None:
    """The resources that the update would replace or delete, as far as Heat can tell. Raises as `update`.

    None where Heat is busy with the stack, or has it no more: then no update is to be asked for either.

    Without wait conditions: the preview takes each for replaced, as it cannot see that the handle stays the same; and
    one that really was replaced would find its signal there.
    """
    with sessions.named_failures():
        try:
            answer = heat_of(project_id).stacks.preview_update(
                stack_id, template=template, parameters=_texts(parameters)
            )
        except (heat.HTTPConflict, heat.HTTPNotFound):
            return None
        changes = answer["resource_changes"]
        return {
            change["resource_name"]
            for kind in ("replaced", "deleted")
            for change in changes[kind]
            if change["resource_type"] != WAIT_CONDITION
        }


def mark_unhealthy(project_id: str, stack_id: str, resource: str, reason: str) -> None:
    """Has the next update replace a resource; one that is not there is well. Raises as `update`."""
    with sessions.named_failures(), contextlib.suppress(heat.HTTPConflict, heat.HTTPNotFound):
        heat_of(project_id).resources.mark_unhealthy(stack_id, resource, True, reason)


def mark_healthy(project_id: str, stack_id: str, resource: str) -> None:
    """Takes a mark back that no update has followed; to any other resource it does nothing. Raises as `update`."""
    with sessions.named_failures(), contextlib.suppress(heat.HTTPConflict, heat.HTTPNotFound):
        heat_of(project_id).resources.mark_unhealthy(stack_id, resource, False, "its node stays")


def delete(project_id: str, stack_id: str) -> None:
    """Asks for the stack's end; one that is gone is well. Raises CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        try:
            heat_of(project_id).stacks.delete(stack_id)
        except heat.HTTPNotFound:
            return


def failed_resources(project_id: str, stack_id: str) -> list[str]:
    """Heat's reasons for what has failed so far, the first one first. Raises CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        try:
            found = heat_of(project_id).resources.list(stack_id, filters={"status": "FAILED"})
        except heat.HTTPNotFound:
            return []
    return [row.resource_status_reason for row in sorted(found, key=lambda row: str(row.updated_time))]


def output(project_id: str, stack_id: str, key: str) -> Any:
    """The value of one output, None where there is none. Raises CloudUnavailable, CloudRefused."""
    with sessions.named_failures():
        try:
            return heat_of(project_id).stacks.output_show(stack_id, key)["output"]["output_value"]
        except heat.HTTPNotFound:
            return None


def stack_of(row: Any) -> Stack:
    action, _, status = row.stack_status.partition("_")
    tags, said = row.tags or [], row.to_dict()  # what the client has not read it would ask Heat for, row by row
    return Stack(
        row.id,
        row.stack_name,
        action,
        status,
        row.stack_status_reason or "",
        generation=_number_in(tags, GENERATION_TAG) or 1,
        nodes=_number_in(tags, NODES_TAG),
        since=moment(said.get("updated_time") or said.get("creation_time")),
        ours=TAG in tags,
    )


def _number_in(tags: Iterable[str], prefix: str) -> int | None:
    numbers = [tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)]
    return max((int(number) for number in numbers if number.isdecimal()), default=None)


def moment(text: str | None) -> datetime | None:
    """A time as Heat writes it, which is in UTC whether it says so or not."""
    found = parse_datetime(text) if text else None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def _tags(generation: int, nodes: int | None) -> str:
    counted = f",{NODES_TAG}{nodes}" if nodes is not None else ""
    return f"{TAG},{GENERATION_TAG}{generation}{counted}"


def _texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in parameters.items()}
