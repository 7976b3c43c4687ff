"""Health in words: well, in trouble, or silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.clusters.health import SILENCE, health

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WELL = {"master": "", "worker-01": ""}


def test_a_cluster_that_has_just_become_ready_is_well_by_its_own_proof() -> None:
    assert health(NOW, None, WELL, NOW).state == "good"


def test_a_node_in_trouble_is_named() -> None:
    found = health(NOW, NOW, {**WELL, "worker-01": "gone"}, NOW)
    assert found.state == "trouble"
    assert "1 of 2" in found.text
    assert "worker-01" in found.text


def test_a_master_that_falls_silent_is_said_to_be_and_nothing_older_is_believed() -> None:
    found = health(NOW, NOW + timedelta(minutes=1), {**WELL, "worker-01": "gone"}, NOW + timedelta(minutes=1) + SILENCE)
    assert found.state == "trouble"
    found = health(NOW, NOW, {**WELL, "worker-01": "gone"}, NOW + SILENCE + timedelta(seconds=1))
    assert found.state == "silent"
    assert "the names of all files in HDFS" in found.text
