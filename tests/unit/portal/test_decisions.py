"""The decision table, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.cloud.stacks import Stack
from portal.clusters.life.decisions import (
    Adopt,
    AwaitAccessEnd,
    CreateStack,
    DeleteStack,
    End,
    Examine,
    Fail,
    LearnAddresses,
    MarkDeleted,
    MarkReady,
    Wait,
    decide,
)  # fmt: skip
from portal.clusters.models import Cluster

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(seconds=1)


def stack(state: str, reason: str = "") -> Stack:
    action, _, status = state.partition("_")
    return Stack("s1", "slipway-x", action, status, reason)


def row(status: str, target: str = "ready", stack_id: str | None = "s1", **fields: Any) -> Cluster:
    asked = {name: fields.pop(name) for name in ("node_failed", "lacks_addresses", "granted") if name in fields}
    values = {"expires_at": LATER, "spec": {"framework": "spark"}, **fields}
    made = Cluster(status=status, target=target, stack_id=stack_id, **values)
    for name, value in asked.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("cluster", "heat", "action"),
    [
        (row("creating", stack_id=None), None, CreateStack()),
        (row("creating", stack_id=None), "CREATE_IN_PROGRESS", Adopt("s1")),
        (row("creating", stack_id=None), "CREATE_COMPLETE", Adopt("s1")),
        (row("creating"), "CREATE_IN_PROGRESS", Wait()),
        (row("creating", lacks_addresses=True), "CREATE_IN_PROGRESS", LearnAddresses("s1")),
        (row("creating", lacks_addresses=True, node_failed=True), "CREATE_IN_PROGRESS", Examine("s1")),
        (row("creating", lacks_addresses=True), "CREATE_COMPLETE", MarkReady()),
        (row("creating"), "CREATE_COMPLETE", MarkReady()),
        (row("ready"), "CREATE_COMPLETE", Wait()),
        (row("failed"), "CREATE_FAILED", Wait()),
        (row("failed"), None, Wait()),
        (row("creating", expires_at=NOW), "CREATE_IN_PROGRESS", End()),
        (row("ready", expires_at=EARLIER), "CREATE_COMPLETE", End()),
        (row("failed", expires_at=EARLIER), "CREATE_FAILED", End()),
        (row("deleting", "deleted"), "CREATE_COMPLETE", DeleteStack("s1")),
        (row("deleting", "deleted", None), "CREATE_IN_PROGRESS", DeleteStack("s1")),
        (row("deleting", "deleted", granted=True), "CREATE_COMPLETE", AwaitAccessEnd()),
        (row("deleting", "deleted", granted=True), None, AwaitAccessEnd()),
        (row("deleting", "deleted"), "DELETE_IN_PROGRESS", Wait()),
        (row("deleting", "deleted"), "DELETE_FAILED", DeleteStack("s1")),
        (row("deleting", "deleted"), None, MarkDeleted()),
        (row("deleting", "deleted", expires_at=EARLIER), "CREATE_COMPLETE", DeleteStack("s1")),
        (row("deleting", "deleted", retry_at=LATER), "DELETE_FAILED", Wait()),
        (row("deleting", "deleted", retry_at=EARLIER), "DELETE_FAILED", DeleteStack("s1")),
        (row("ready", expires_at=EARLIER, retry_at=LATER), "CREATE_COMPLETE", End()),
    ],
)  # fmt: skip
def test_it_decides(cluster: Cluster, heat: str | None, action: object) -> None:
    assert decide(cluster, stack(heat) if heat else None, NOW) == action


@pytest.mark.parametrize(
    ("cluster", "heat"),
    [
        (row("creating"), None), (row("ready"), None), (row("creating"), "DELETE_IN_PROGRESS"),
        (row("ready"), "DELETE_COMPLETE"),
    ],
)  # fmt: skip
def test_a_stack_that_somebody_else_deleted_is_a_failure(cluster: Cluster, heat: str | None) -> None:
    action = decide(cluster, stack(heat) if heat else None, NOW)
    assert isinstance(action, Fail)
    assert "somebody deleted it" in action.failure.why


@pytest.mark.parametrize(
    ("cluster", "heat", "action"),
    [
        (row("creating"), "CREATE_IN_PROGRESS", Examine("s1")),
        (row("creating", stack_id=None), "CREATE_IN_PROGRESS", Adopt("s1")),
        (row("creating"), "CREATE_COMPLETE", MarkReady()),
        (row("ready"), "CREATE_COMPLETE", Wait()),
        (row("deleting", "deleted"), "CREATE_IN_PROGRESS", DeleteStack("s1")),
    ],
)  # fmt: skip
def test_what_a_node_says_of_its_failure_only_makes_us_ask(cluster: Cluster, heat: str, action: object) -> None:
    cluster.node_failed = True
    assert decide(cluster, stack(heat), NOW) == action


def test_a_failed_stack_fails_with_the_nodes_own_words() -> None:
    reason = "Resource CREATE failed: WaitConditionFailure: resources.worker-01-ready: services: disk full\nlast line"
    action = decide(row("creating"), stack("CREATE_FAILED", reason), NOW)
    assert isinstance(action, Fail)
    assert action.failure.what == "The node worker-01 could not start."
    assert action.failure.why == "Starting the services: disk full\nlast line"


@pytest.mark.parametrize(
    ("reason", "what", "why"),
    [
        ("Resource CREATE failed: WaitConditionTimeout: resources.master-ready: 0 of 1 received",
         "The node master was not heard of.", "within its time"),
        ("Resource CREATE failed: ResourceInError: resources.worker-02: Went to status ERROR due to \"No memory\"",
         "The cloud could not make worker-02.", "No memory"),
        ("Create timed out", "The cloud could not make the cluster.", "Create timed out"),
        ("", "The cloud could not make the cluster.", "no reason"),
    ],
)  # fmt: skip
def test_heats_reasons_become_words(reason: str, what: str, why: str) -> None:
    action = decide(row("creating"), stack("CREATE_FAILED", reason), NOW)
    assert isinstance(action, Fail)
    assert action.failure.what == what
    assert why in action.failure.why
    assert action.failure.next


@pytest.mark.parametrize(
    ("why", "next_step"),
    [
        ("services: port 9870 on 127.0.0.9 is taken by java (process 7): stop what holds it", "holds a port"),
        ("configuration: [Errno 28] No space left on device: '/x'", "disk is full"),
        ("services: namenode ends again and again\n\nIOException: No space left on device", "disk is full"),
        ("facts: the portal expects the bundle '2-b', but this node has '1-a'", "administrator"),
        ("prove: whatever", "create it again"),
    ],
)  # fmt: skip
def test_each_cause_has_its_way_out(why: str, next_step: str) -> None:
    reason = f"Resource CREATE failed: WaitConditionFailure: resources.master-ready: {why}"
    action = decide(row("creating"), stack("CREATE_FAILED", reason), NOW)
    assert isinstance(action, Fail)
    assert next_step in action.failure.next
