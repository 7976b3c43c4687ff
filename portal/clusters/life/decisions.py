"""The decision table: from (what the row says, what Heat says, now) to one action. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.cloud.stacks import Stack
from portal.clusters import hosts
from portal.clusters.life import failures
from portal.clusters.models import Cluster, Node, Status
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


@dataclass(frozen=True)
class Readmit:
    """Nodes that were to leave could not in time: they stay."""

    failure: Failure


@dataclass(frozen=True)
class UpdateStack:
    """Heat's template is of an earlier generation than the cluster: make it follow."""

    stack: Stack


@dataclass(frozen=True)
class UndoGrowth:
    """What an update has added in vain shall leave again."""

    failure: Failure


@dataclass(frozen=True)
class TryAgain:
    """A removal failed: ask for it once more."""


@dataclass(frozen=True)
class Dismiss:
    """Heat has removed the nodes that were to leave: they belong to the cluster no more."""


@dataclass(frozen=True)
class EndChange:
    """The cluster is ready again: as it was wished, or without what `failure` says."""

    failure: Failure | None = None


Action = (
    Wait | CreateStack | Adopt | MarkReady | Examine | Fail | End | DeleteStack | MarkDeleted
    | LearnAddresses | AwaitAccessEnd | Readmit | UpdateStack | UndoGrowth | TryAgain | Dismiss | EndChange
)  # fmt: skip

LONGEST_FAREWELL = timedelta(minutes=30)  # until blocks are copied and the jobs on a node have ended
LONGEST_SETTLING = timedelta(seconds=60)  # of the agents, after which the cluster is ready without their word
MOST_ATTEMPTS = 3  # of a removal


def decide(cluster: Cluster, stack: Stack | None, now: datetime, nodes: Sequence[Node] = ()) -> Action:
    """`stack` is what Heat lists under the cluster's stack name; `nodes` are the cluster's."""
    if cluster.expired(now):
        return End()
    if cluster.target == Status.DELETED:
        return _towards_deleted(cluster, stack, now)
    if cluster.status == Status.CREATING:
        return _towards_ready(cluster, stack)
    if cluster.status == Status.UPDATING:
        return _through_change(cluster, stack, nodes, now)
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


def _through_change(cluster: Cluster, stack: Stack | None, nodes: Sequence[Node], now: datetime) -> Action:
    if stack is None or stack.action == "DELETE":
        return Fail(failures.lost())
    if stack.status == "IN_PROGRESS":
        return _under_way(cluster, stack, nodes)
    if kept := {node.name: node.kept_by or "" for node in nodes if node.leaving and not node.may_go}:
        return Readmit(failures.kept(kept)) if _since_hosts_changed(cluster, now) > LONGEST_FAREWELL else Wait()
    if stack.generation < cluster.generation:
        return UpdateStack(stack)
    if stack.status == "FAILED":
        return _after_failure(cluster, failures.of_change(stack.reason, cluster.manifest), nodes)
    if any(node.leaving for node in nodes):
        return Dismiss()
    if _lacks_address(nodes):
        return LearnAddresses(stack.id)
    known = hosts.host_list(nodes)["digest"]
    settled = all(node.known_hosts == known for node in nodes)
    return EndChange() if settled or _since_hosts_changed(cluster, now) > LONGEST_SETTLING else Wait()


def _under_way(cluster: Cluster, stack: Stack, nodes: Sequence[Node]) -> Action:
    if cluster.node_failed and _grows(cluster, nodes):
        return Examine(stack.id)
    return LearnAddresses(stack.id) if _lacks_address(nodes) else Wait()


def _after_failure(cluster: Cluster, failure: Failure, nodes: Sequence[Node]) -> Action:
    if _grows(cluster, nodes):
        return UndoGrowth(failure)
    if any(node.leaving for node in nodes) and cluster.attempts + 1 < MOST_ATTEMPTS:
        return TryAgain()
    return EndChange(failure)


def _grows(cluster: Cluster, nodes: Sequence[Node]) -> bool:
    return any(node.is_new(cluster.generation) and not node.leaving for node in nodes)


def _lacks_address(nodes: Sequence[Node]) -> bool:
    return any(not node.address for node in nodes)


def _since_hosts_changed(cluster: Cluster, now: datetime) -> timedelta:
    return now - (cluster.hosts_changed_at or cluster.created_at)
