"""The decision table of a cluster that is being changed, row by row."""

from __future__ import annotations

from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.cloud.stacks import Stack
from portal.clusters.hosts import host_list
from portal.clusters.life.decisions import (
    Dismiss,
    End,
    EndChange,
    Examine,
    Fail,
    LearnAddresses,
    Readmit,
    TryAgain,
    UndoGrowth,
    UpdateStack,
    Wait,
    decide,
)  # fmt: skip
from portal.clusters.models import Cluster, Node

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REASON = "resources.worker-03: no host has room"


def heat(state: str, generation: int = 2) -> Stack:
    action, _, status = state.partition("_")
    return Stack("s1", "slipway-x", action, status, REASON, generation)


def row(**fields: Any) -> Cluster:
    values = {"hosts_changed_at": NOW - timedelta(seconds=5), "expires_at": NOW + timedelta(hours=1), **fields}
    return Cluster(
        status="updating", target="ready", stack_id="s1", generation=2, spec={"framework": "spark"}, **values
    )


def node(name: str, **fields: Any) -> Node:
    number = 10 if name == "master" else 10 + int(name[-2:])
    return Node(name=name, role=name[:6], **{"address": f"127.88.3.{number}", **fields})


def cluster_of(*workers: Node) -> list[Node]:
    """Agents who know who belongs to it."""
    nodes = [node("master"), *map(copy, workers)]
    known = host_list(nodes)["digest"]
    for each in nodes:
        each.known_hosts = each.known_hosts or known
    return nodes


OLD, NEW = node("worker-01"), node("worker-02", generation=2)
NO_ADDRESS = node("worker-02", generation=2, address=None)
LEAVING, DRAINED = node("worker-02", leaving=True, kept_by="12 blocks"), node("worker-02", leaving=True, kept_by="")
UNHEARD, NEVER_MADE = node("worker-02", leaving=True), node("worker-02", leaving=True, address=None)
ANEW = node("worker-02", generation=2, unhealthy=True)


@pytest.mark.parametrize(
    ("stack", "workers", "action"),
    [
        # Growing.
        (heat("CREATE_COMPLETE", 1), [OLD, NO_ADDRESS], UpdateStack),
        (heat("UPDATE_FAILED", 1), [OLD, NO_ADDRESS], UpdateStack),
        (heat("UPDATE_IN_PROGRESS", 1), [OLD, NEW], Wait),
        (heat("UPDATE_IN_PROGRESS"), [OLD, NO_ADDRESS], LearnAddresses),
        (heat("UPDATE_IN_PROGRESS"), [OLD, NEW], Wait),
        (heat("UPDATE_COMPLETE"), [OLD, NO_ADDRESS], LearnAddresses),
        (heat("UPDATE_COMPLETE"), [OLD, NEW], EndChange),
        (heat("UPDATE_FAILED"), [OLD, NEW], UndoGrowth),
        (heat("UPDATE_FAILED"), [OLD, NO_ADDRESS], UndoGrowth),
        # Shrinking.
        (heat("CREATE_COMPLETE", 1), [OLD, UNHEARD], Wait),
        (heat("CREATE_COMPLETE", 1), [OLD, LEAVING], Wait),
        (heat("CREATE_COMPLETE", 1), [OLD, DRAINED], UpdateStack),
        (heat("CREATE_COMPLETE", 1), [OLD, NEVER_MADE], UpdateStack),
        (heat("UPDATE_IN_PROGRESS"), [OLD, DRAINED], Wait),
        (heat("UPDATE_COMPLETE"), [OLD, DRAINED], Dismiss),
        (heat("UPDATE_FAILED"), [OLD, DRAINED], TryAgain),
        (heat("UPDATE_COMPLETE"), [OLD], EndChange),
        # Mending.
        (heat("CREATE_COMPLETE", 1), [OLD, ANEW], UpdateStack),
        (heat("UPDATE_COMPLETE"), [OLD, ANEW], EndChange),
        (heat("UPDATE_FAILED"), [OLD, ANEW], EndChange),
        # What comes in between.
        (None, [OLD, NEW], Fail),
        (heat("DELETE_IN_PROGRESS"), [OLD, NEW], Fail),
    ],
)
def test_each_state_has_its_action(stack: Stack | None, workers: list[Node], action: type) -> None:
    assert type(decide(row(), stack, NOW, cluster_of(*workers))) is action


def test_an_expired_cluster_ends_whatever_is_done_to_it() -> None:
    assert decide(row(expires_at=NOW), heat("UPDATE_IN_PROGRESS"), NOW, cluster_of(OLD, NEW)) == End()


def test_who_cannot_leave_in_time_stays_and_the_reason_is_told() -> None:
    late = row(hosts_changed_at=NOW - timedelta(minutes=31))
    action = decide(late, heat("CREATE_COMPLETE", 1), NOW, cluster_of(OLD, LEAVING))
    assert isinstance(action, Readmit)
    assert "worker-02: 12 blocks" in action.failure.why


def test_the_cluster_is_ready_when_all_agents_know_or_have_had_their_time() -> None:
    nodes = cluster_of(OLD, node("worker-02", generation=2, known_hosts="older"))
    assert decide(row(), heat("UPDATE_COMPLETE"), NOW, nodes) == Wait()
    late = row(hosts_changed_at=NOW - timedelta(seconds=61))
    assert decide(late, heat("UPDATE_COMPLETE"), NOW, nodes) == EndChange()


def test_a_removal_that_fails_again_and_again_is_given_up_with_the_reason() -> None:
    assert decide(row(attempts=1), heat("UPDATE_FAILED"), NOW, cluster_of(OLD, DRAINED)) == TryAgain()
    action = decide(row(attempts=2), heat("UPDATE_FAILED"), NOW, cluster_of(OLD, DRAINED))
    assert isinstance(action, EndChange)
    assert action.failure is not None
    assert "no host has room" in action.failure.why


def test_what_failed_in_a_repair_is_told_and_the_cluster_goes_on() -> None:
    action = decide(row(), heat("UPDATE_FAILED"), NOW, cluster_of(OLD, ANEW))
    assert isinstance(action, EndChange)
    assert action.failure is not None
    assert "goes on" in action.failure.next


def test_a_growth_whose_node_failed_does_not_wait_for_heats_own_end() -> None:
    failed = row()
    failed.node_failed = True
    under_way = heat("UPDATE_IN_PROGRESS")
    assert decide(failed, under_way, NOW, cluster_of(OLD, NO_ADDRESS)) == Examine("s1")
    assert decide(failed, under_way, NOW, cluster_of(OLD, ANEW)) == Wait()
    assert decide(failed, under_way, NOW, cluster_of(OLD, UNHEARD)) == Wait()
