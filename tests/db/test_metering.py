"""One usage record for each hour of the clock in which a cluster was ready."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.models import UsageRecord
from portal.clusters import metering
from portal.clusters.models import Cluster, Status


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock of the metering."""
    return lambda moment: monkeypatch.setattr(metering.timezone, "now", lambda: moment)


def hours(cluster: Cluster) -> list[int]:
    return [record.hour.hour for record in UsageRecord.objects.filter(resource=cluster.pk)]


START = datetime(2026, 11, 21, 9, 50, tzinfo=UTC)


@pytest.fixture
def running(ready: Cluster) -> Cluster:
    Cluster.objects.filter(pk=ready.pk).update(ready_at=START)
    return ready


def test_each_hour_is_recorded_once(running: Cluster, at: Any) -> None:
    for minutes in (1, 2, 15, 15, 69, 71):
        at(START + timedelta(minutes=minutes))
        metering.meter()
    assert hours(running) == [9, 10, 11]
    record = UsageRecord.objects.filter(resource=running.pk).first()
    assert record is not None
    assert (record.course, record.owner, record.nodes, record.vcpus, record.memory_mb) == ("demo", "alice", 3, 3, 4608)


def test_hours_in_which_nobody_metered_are_caught_up(running: Cluster, at: Any) -> None:
    at(START + timedelta(hours=5))
    metering.meter()
    assert hours(running) == [9, 10, 11, 12, 13, 14]


def test_it_ends_with_the_cluster(running: Cluster, at: Any) -> None:
    Cluster.objects.filter(pk=running.pk).update(status=Status.DELETED, ended_at=START + timedelta(minutes=20))
    at(START + timedelta(hours=5))
    metering.meter()
    metering.meter()
    assert hours(running) == [9, 10]


def test_what_never_was_ready_costs_nothing(creating: Cluster, at: Any) -> None:
    at(START + timedelta(days=1))
    metering.meter()
    assert not UsageRecord.objects.exists()
