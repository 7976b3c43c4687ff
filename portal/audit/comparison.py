"""What the cloud says of a stack, what the portal believes and what the ledger charges, side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from portal.cloud.stacks import Stack
from portal.clusters.models import Status

GRACE = timedelta(minutes=5)  # in which meters follow, and a stack that is to go begins to go
LONGEST_CREATE = timedelta(minutes=50)  # beyond the stack's own time-out the portal should have said what came of it
LONGEST_UNCHARGED = timedelta(hours=2)  # an hour is charged when it is over
WORKING = (Status.READY, Status.UPDATING)
GOING = ("DELETE", "IN_PROGRESS")
# What Heat may say of the stack of a cluster that the portal calls so.
FITTING = {
    Status.READY: {"CREATE_COMPLETE", "UPDATE_COMPLETE", "CHECK_COMPLETE", "RESUME_COMPLETE"},
    Status.UPDATING: {
        "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "CHECK_COMPLETE",
    },
}  # fmt: skip


class Finding(StrEnum):
    """In the order in which they are to be looked at."""

    CHARGED_BUT_GONE = "charged-but-gone"
    NOT_CHARGED = "running-but-not-charged"
    MISSING = "missing"
    ORPHANED = "orphaned"
    DIFFERING = "differing"
    STRANGER = "stranger"

    @property
    def words(self) -> str:
        return self.replace("-", " ").capitalize()


@dataclass(frozen=True)
class Belief:
    """What the portal believes of a cluster. `nodes` are those that stay; `refused` says that the last change of them
    did not come about, after which Heat's generation may be an earlier one."""

    id: UUID
    name: str
    owner: str
    status: str
    stack_name: str
    stack_id: str | None
    generation: int
    nodes: int
    refused: bool
    created_at: datetime
    ready_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Charge:
    """What the ledger counts of a cluster: nodes whose meter runs, and until when all is charged."""

    running: int
    charged_to: datetime | None


@dataclass(frozen=True)
class Row:
    """One stack, one cluster, or both. `findings` maps what is wrong to its words."""

    stack: Stack | None
    cluster: Belief | None
    charge: Charge | None
    findings: Mapping[Finding, str]

    @property
    def rank(self) -> tuple[int, str]:
        name = self.stack.name if self.stack else self.cluster.stack_name if self.cluster else ""
        return first_of(self.findings), name


def compare(
    stacks: Iterable[Stack], beliefs: Iterable[Belief], charges: Mapping[UUID, Charge], now: datetime
) -> list[Row]:
    """A row for each stack, each cluster that is there, and each that was and of which something is wrong; what is
    wrong first. All are of one project."""
    unclaimed = {stack.name: stack for stack in stacks}
    rows = [_of_belief(each, unclaimed.pop(each.stack_name, None), charges.get(each.id), now) for each in beliefs]
    rows = [row for row in rows if row.stack or row.findings or (row.cluster and row.cluster.status != Status.DELETED)]
    rows += [Row(stack, None, None, _of_stray(stack)) for stack in unclaimed.values()]
    return sorted(rows, key=lambda row: row.rank)


def first_of(findings: Iterable[Finding]) -> int:
    """Where the first of them stands; after all of them, where there is none."""
    order = list(Finding)
    return min((order.index(finding) for finding in findings), default=len(order))


def _of_stray(stack: Stack) -> dict[Finding, str]:
    if not stack.ours:
        return {Finding.STRANGER: "Somebody else made it in the course's project. The portal never touches it."}
    if (stack.action, stack.status) == GOING:
        return {}
    return {Finding.ORPHANED: "The portal made it, and knows no cluster of it."}


def _of_belief(belief: Belief, stack: Stack | None, charge: Charge | None, now: datetime) -> Row:
    found: dict[Finding, str] = {}
    if stack is None and _should_have_one(belief):
        found[Finding.MISSING] = (
            f"The portal believes that the cluster is {belief.status}, and Heat has no stack of it."
        )
    elif stack and belief.status == Status.DELETED and (stack.action, stack.status) != GOING:
        found[Finding.ORPHANED] = "The cluster is deleted, and its stack is still there."
    elif stack and (differences := [*_differences(belief, stack, now), *_miscounted(belief, charge)]):
        found[Finding.DIFFERING] = " ".join(differences)
    if words := _charged_but_gone(belief, stack, charge, now):
        found[Finding.CHARGED_BUT_GONE] = words
    elif stack and (words := _not_charged(belief, charge, now)):
        found[Finding.NOT_CHARGED] = words
    return Row(stack, belief, charge, found)


def _should_have_one(belief: Belief) -> bool:
    return belief.status in WORKING or (belief.status == Status.CREATING and belief.stack_id is not None)


def _differences(belief: Belief, stack: Stack, now: datetime) -> Iterator[str]:
    if words := _state_differs(belief, stack, now):
        yield words
    if belief.status != Status.READY:
        return
    if stack.nodes is not None and stack.nodes != belief.nodes:
        yield f"Heat was last told of {stack.nodes} nodes, and the portal has {belief.nodes}."
    if stack.generation != belief.generation and not belief.refused:
        yield f"Heat has generation {stack.generation}, and the portal {belief.generation}."


def _state_differs(belief: Belief, stack: Stack, now: datetime) -> str | None:
    state = f"{stack.action}_{stack.status}"
    said = f"Heat says {state}, and the portal {belief.status}"
    if belief.status in FITTING:
        excused = belief.refused and state == "UPDATE_FAILED"
        return None if excused or state in FITTING[Status(belief.status)] else f"{said}."
    if belief.status == Status.CREATING:
        return f"{said} for too long." if stack.action != "CREATE" or now - belief.created_at > LONGEST_CREATE else None
    if belief.status == Status.DELETING and state != "DELETE_IN_PROGRESS":
        late = belief.ended_at is not None and now - belief.ended_at > GRACE
        return f"{said}." if late or state == "DELETE_FAILED" else None
    return None


def _miscounted(belief: Belief, charge: Charge | None) -> Iterator[str]:
    """While a change goes on, a node may be one or two moments with us and not in the ledger."""
    if belief.status == Status.READY and charge and charge.running not in (0, belief.nodes):
        yield f"The ledger counts {charge.running} nodes, and the portal {belief.nodes}."


def _charged_but_gone(belief: Belief, stack: Stack | None, charge: Charge | None, now: datetime) -> str | None:
    if charge is None:
        return None
    ended = belief.ended_at
    if charge.running and ended and now - ended > GRACE:
        return f"It ended at {clock(ended)}, and {charge.running} of its nodes are charged on."
    if charge.running and stack is None and belief.status in WORKING:
        return f"Heat has no stack of it, and {charge.running} of its nodes are charged on."
    if ended and charge.charged_to and charge.charged_to > ended + GRACE:
        return f"It ended at {clock(ended)}, and is charged to {clock(charge.charged_to)}."
    return None


def _not_charged(belief: Belief, charge: Charge | None, now: datetime) -> str | None:
    ready = belief.ready_at
    if belief.status not in WORKING or ready is None or now - ready < GRACE:
        return None
    if charge is None or not charge.running:
        return f"It has been ready since {clock(ready)}, and no node of it is charged."
    charged = charge.charged_to or ready
    if now - charged > LONGEST_UNCHARGED:
        return f"It is charged to {clock(charged)} only."
    return None


def clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
