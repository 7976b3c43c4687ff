"""How far a boot is: a count of the steps that nodes have ended; nothing is invented. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cloudinit.frameworks.manifest import Manifest


class Booting(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def role(self) -> str: ...


class StepEvent(Protocol):
    @property
    def node(self) -> str: ...

    @property
    def step(self) -> str: ...

    @property
    def state(self) -> str: ...


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    phase: str

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def progress(manifest: Manifest, nodes: Sequence[Booting], status: str, events: Iterable[StepEvent]) -> Progress:
    """`nodes` are those that boot now, or have booted last; the `events` of others do not count."""
    names = {node.name for node in nodes}
    ended = {(event.node, event.step) for event in events if event.state == "done" and event.node in names}
    total = sum(len(manifest.role(node.role).steps) for node in nodes)
    return Progress(
        total if status in ("ready", "deleted") else min(len(ended), total),
        total,
        _phase(manifest, nodes, status, ended),
    )


def node_states(
    manifest: Manifest, nodes: Sequence[Booting], status: str, events: Iterable[StepEvent]
) -> dict[str, str]:
    """For each node: waiting (not heard of), booting, ready, failed, deleted; unfinished where its cluster failed
    meanwhile."""
    events = list(events)
    if status in ("ready", "deleted"):
        return dict.fromkeys((node.name for node in nodes), status)
    states = {node.name: _node_state(manifest.role(node.role).steps, node.name, events) for node in nodes}
    if status == "failed":
        return {name: "unfinished" if state in ("waiting", "booting") else state for name, state in states.items()}
    return states


def _node_state(steps: tuple[str, ...], node: str, events: list[StepEvent]) -> str:
    mine = [event for event in events if event.node == node]
    done = {event.step for event in mine if event.state == "done"}
    if done.issuperset(steps):
        return "ready"
    if any(event.state == "failed" for event in mine):
        return "failed"
    return "booting" if mine else "waiting"


def _phase(manifest: Manifest, nodes: Sequence[Booting], status: str, ended: set[tuple[str, str]]) -> str:
    if status not in ("creating", "updating"):
        return {"ready": "Ready", "deleting": "Deleting", "deleted": "Deleted", "failed": "Failed"}[status]
    if status == "updating" and not nodes:
        return "Moving data off the machines that leave"
    if not ended:
        return "Waiting for the machines"
    for step in manifest.steps:  # the earliest step that some node has still to end
        for node in nodes:
            if step.name in manifest.role(node.role).steps and (node.name, step.name) not in ended:
                return step.title
    return "Waiting for the cloud's confirmation"
