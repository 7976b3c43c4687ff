"""A cluster with prices whose nodes have run since a time, and passes at any moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from billing import credit, ledger, rates
from billing.models import Usage
from portal.clusters.accounting import metering as of_clusters
from portal.clusters.models import Cluster

D = Decimal
START = datetime(2026, 11, 21, 9, 50, tzinfo=UTC)
HOUR = timedelta(hours=1)
At = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """A pass at that moment."""

    def measure(moment: datetime) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
        of_clusters.meter()

    return measure


@pytest.fixture(autouse=True)
def prices() -> None:
    for kind, name, price in (("node", "small", "3.6"), ("gpu", "", "36"), ("storage", "nfs", "0.73")):
        rates.introduce(kind, name, D(price), datetime(2026, 1, 1, tzinfo=UTC))
    ledger.grant("dora", D(100_000), course="demo")


@pytest.fixture
def running(ready: Cluster) -> Cluster:
    """A master and two small workers."""
    Cluster.objects.filter(pk=ready.pk).update(ready_at=START, expires_at=START + timedelta(hours=12))
    ready.refresh_from_db()
    of_clusters.follow(ready, START)
    return ready


def used(resource: object = "") -> dict[int, Decimal]:
    """The seconds, by hours."""
    rows = Usage.objects.filter(resource__startswith=str(resource)).values("hour").annotate(sum=Sum("seconds"))
    return {row["hour"].hour: row["sum"] for row in rows.order_by("hour")}


def seconds_used() -> Decimal:
    return Usage.objects.aggregate(sum=Sum("seconds"))["sum"] or D(0)


def spent(person: str = "alice", course: str = "demo") -> Decimal:
    return credit.standing(course, person).spent
