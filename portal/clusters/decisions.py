"""The decision table: from (what the row says, what Heat says, now) to one action. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.cloud.stacks import Stack
from portal.clusters import failures
from portal.clusters.models import Cluster, Status
from portal.failure import Failure


@dataclass(frozen=True)
class Wait:
    """Nothing to do now."""


@dataclass(frozen=True)
class CreateStack:
    """Make the stack; the name is free, or is that of an earlier attempt."""


@dataclass(frozen=True)
class Adopt:
    """Save the id of a stack that an earlier attempt made and could not save."""

    stack_id: str


@dataclass(frozen=True)
class LearnAddresses:
    """Ask the stack for its machines' addresses while it is being made: its folders are to be opened to them."""

    stack_id: str


@dataclass(frozen=True)
class MarkReady:
    """Heat says COMPLETE: every node has proved its own membership."""


@dataclass(frozen=True)
class Examine:
    """A node has said that it failed: ask which resources did, as the stack's own end waits for Heat's error wait."""

    stack_id: str


@dataclass(frozen=True)
class Fail:
    failure: Failure


@dataclass(frozen=True)
class End:
    """The cluster's time is over: let it be deleted."""


@dataclass(frozen=True)
class AwaitAccessEnd:
    """Somebody's storage still lets the machines in: their addresses must not become others' yet."""


@dataclass(frozen=True)
class DeleteStack:
    stack_id: str


@dataclass(frozen=True)
class MarkDeleted:
    """Heat knows the stack no more."""


Action = (
    Wait
    | CreateStack
    | Adopt
    | LearnAddresses
    | MarkReady
    | Examine
    | Fail
    | End
    | AwaitAccessEnd
    | DeleteStack
    | MarkDeleted
)


def decide(cluster: Cluster, stack: Stack | None, now: datetime) -> Action:
    """`stack` is what Heat lists under the cluster's stack name."""
    if cluster.expired(now):
        return End()
    if cluster.target == Status.DELETED:
        return _towards_deleted(cluster, stack, now)
    if cluster.status == Status.CREATING:
        return _towards_ready(cluster, stack)
    if cluster.status == Status.READY and (stack is None or stack.action == "DELETE"):
        return Fail(failures.lost())
    return Wait()


def _towards_deleted(cluster: Cluster, stack: Stack | None, now: datetime) -> Action:
    if cluster.granted:
        return AwaitAccessEnd()
    if stack is None:
        return MarkDeleted()
    asked_before = cluster.retry_at is not None and now < cluster.retry_at
    if asked_before or (stack.action, stack.status) == ("DELETE", "IN_PROGRESS"):
        return Wait()
    return DeleteStack(stack.id)


def _towards_ready(cluster: Cluster, stack: Stack | None) -> Action:
    if stack is None:
        return Fail(failures.lost()) if cluster.stack_id else CreateStack()
    if stack.action == "DELETE":
        return Fail(failures.lost())
    if stack.status == "FAILED":
        return Fail(failures.of_stack(stack.reason, cluster.manifest))
    if not cluster.stack_id:
        return Adopt(stack.id)
    if stack.status == "COMPLETE":
        return MarkReady()
    if cluster.node_failed:
        return Examine(stack.id)
    return LearnAddresses(stack.id) if cluster.lacks_addresses else Wait()
