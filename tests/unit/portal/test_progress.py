"""Progress is a count of what nodes said."""

from __future__ import annotations

from cloudinit import frameworks
from portal.clusters.models import ClusterEvent
from portal.clusters.progress import node_states, progress

SPARK = frameworks.manifest("spark")


def done(node: str, *steps: str) -> list[ClusterEvent]:
    return [ClusterEvent(node=node, step=step, state="done") for step in steps]


def test_nothing_is_invented() -> None:
    now = progress(SPARK, SPARK.nodes(2), "creating", [])
    assert (now.done, now.total, now.phase, now.percent) == (0, 25, "Waiting for the machines", 0)


def test_a_step_counts_once_and_a_failed_one_not_at_all() -> None:
    failed = [ClusterEvent(node="master", step="format", state="failed")]
    now = progress(SPARK, SPARK.nodes(2), "creating", [*done("master", "facts", "facts", "hosts"), *failed])
    assert now.done == 2


def test_the_phase_is_the_earliest_step_that_some_node_has_still_to_end() -> None:
    events = done("master", "facts", "hosts", "configuration") + done("worker-01", "facts")
    assert progress(SPARK, SPARK.nodes(1), "creating", events).phase == SPARK.step_titles["hosts"]


def test_all_steps_done_is_not_ready_before_the_cloud_says_so() -> None:
    nodes = SPARK.nodes(1)
    events = [event for node in nodes for event in done(node.name, *SPARK.role(node.role).steps)]
    now = progress(SPARK, SPARK.nodes(1), "creating", events)
    assert now.done == now.total
    assert now.phase == "Waiting for the cloud's confirmation"
    assert progress(SPARK, SPARK.nodes(1), "ready", events).phase == "Ready"


def test_a_ready_cluster_is_full_also_where_posts_were_lost() -> None:
    assert progress(SPARK, SPARK.nodes(2), "ready", []).percent == 100


def test_each_node_has_a_state_of_its_own() -> None:
    events = [
        *done("master", *SPARK.role("master").steps),
        *done("worker-01", "facts"),
        ClusterEvent(node="worker-02", step="hosts", state="failed"),
    ]
    states = node_states(SPARK, SPARK.nodes(3), "creating", events)
    assert states == {"master": "ready", "worker-01": "booting", "worker-02": "failed", "worker-03": "waiting"}
    states = node_states(SPARK, SPARK.nodes(3), "failed", events)
    assert states == {"master": "ready", "worker-01": "unfinished", "worker-02": "failed", "worker-03": "unfinished"}


def test_a_change_counts_the_machines_that_boot_in_it_alone() -> None:
    new = SPARK.nodes([3])[1:]
    now = progress(SPARK, new, "updating", [*done("master", "facts"), *done("worker-03", "facts", "hosts")])
    assert (now.total, now.phase) == (8, SPARK.step_titles["mounts"])


def test_a_change_in_which_none_boots_says_what_it_waits_for() -> None:
    now = progress(SPARK, (), "updating", [])
    assert (now.total, now.percent, now.phase) == (0, 0, "Moving data off the machines that leave")
