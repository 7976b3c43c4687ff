"""What a cluster has cost so far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.test import Client

from billing import metering, rates, rating, reprocessing
from billing.costs import Cost
from billing.models import Usage
from portal.accounts.models import User
from portal.clusters.accounting import metering as of_clusters
from portal.clusters.models import Cluster, Node
from tests.db.metering import HOUR, START, At, D, at, prices, running

__all__ = ["at", "prices", "running"]


def test_the_cost_so_far_is_what_is_charged_and_the_hour_that_runs(running: Cluster, at: At) -> None:
    at(START)
    for minutes in (1, 10, 50, 90):
        moment = START + timedelta(minutes=minutes)
        before = of_clusters.cost(running, moment)
        at(moment)
        assert of_clusters.cost(running, moment) == before == Cost(3 * D("0.06") * minutes, 3 * D("3.6"))


def test_the_cost_so_far_follows_a_reprocessing_and_stays_when_the_cluster_is_gone(running: Cluster, at: At) -> None:
    at(START)
    at(START + 2 * HOUR)
    hour = START.replace(minute=0)
    rates.add("dora", "node", "small", D("1.8"), hour, correcting=True, memo="too dear")
    assert reprocessing.reprocess("dora", hour, START + 3 * HOUR, "too dear")
    running.ended_at = START + 2 * HOUR
    running.save()
    assert of_clusters.cost(running, START + 9 * HOUR) == Cost(3 * D("1.8") * 2, D())
    at(START + 9 * HOUR)
    assert of_clusters.cost(running, START + 10 * HOUR) == Cost(3 * D("1.8") * 2, D())


def test_everybody_who_sees_a_cluster_sees_what_it_costs(
    running: Cluster,
    creating: Cluster,
    at: At,
    api: Callable[[User | None], Client],
    browser: Callable[[User], Client],
    alice: User,
    bob: User,
    charlie: User,
) -> None:
    address = f"/api/v1/clusters/{running.pk}/cost"
    nothing = {"cost": "0.000000", "hourly": "0.000000"}
    assert api(alice).get(f"/api/v1/clusters/{creating.pk}/cost").json() == nothing
    assert b"Cost so far" not in browser(alice).get(f"/clusters/{creating.pk}").content
    at(START + 2 * HOUR)
    for person in (alice, bob):
        assert api(person).get(address).json() == {"cost": "21.600000", "hourly": "10.800000"}
        page = browser(person).get(f"/clusters/{running.pk}").content
        assert b"21.60 credits, and 10.80 for each hour" in page
    assert api(charlie).get(address).status_code == 404


def test_what_is_measured_and_not_charged_yet_is_counted_once(running: Cluster, at: At) -> None:
    at(START)
    moment = START + timedelta(hours=3, minutes=25)
    before = of_clusters.cost(running, moment)
    assert before.so_far == 3 * (D("3.6") * 3 + D("1.5"))
    metering.measure(moment)  # and then the worker was killed
    assert Usage.objects.exists()
    assert of_clusters.cost(running, moment) == before
    rating.rate()
    assert of_clusters.cost(running, moment) == before


def test_each_part_of_the_time_has_the_price_of_its_hour(running: Cluster, at: At) -> None:
    ten = START.replace(hour=10, minute=0)
    for price in (D(36), D("7.2")):  # of two of one time the later one is right
        rates.add("dora", "node", "small", price, ten, correcting=True, memo="dearer")
    for minutes in (5, 30, 90, 150):
        moment = START + timedelta(minutes=minutes)
        cost = of_clusters.cost(running, moment)
        assert cost.so_far == 3 * (D("0.06") * min(minutes, 10) + D("0.12") * max(0, minutes - 10))
        at(moment)
        assert of_clusters.cost(running, moment) == cost


def test_what_was_reversed_and_charged_anew_counts_as_it_is_now_while_more_is_used(running: Cluster, at: At) -> None:
    at(START + 2 * HOUR)
    ten = START.replace(hour=10, minute=0)
    rates.add("dora", "node", "small", D(0), ten, correcting=True, memo="nobody could work in this hour")
    rates.add("dora", "node", "small", D("3.6"), ten + HOUR, correcting=True, memo="nobody could work in that hour")
    assert reprocessing.reprocess("dora", ten, ten + HOUR, "nobody could work") == 3
    for hours in (2, 3, 4):
        assert of_clusters.cost(running, START + hours * HOUR).so_far == 3 * D("3.6") * (hours - 1)
        at(START + hours * HOUR)
        assert of_clusters.cost(running, START + hours * HOUR).so_far == 3 * D("3.6") * (hours - 1)


def test_a_node_that_left_costs_what_it_has_cost(running: Cluster, at: At) -> None:
    at(START)
    Node.objects.filter(cluster=running, name="worker-02").delete()
    of_clusters.follow(running, START + timedelta(minutes=20))
    for minutes in (30, 80, 200):
        moment = START + timedelta(minutes=minutes)
        cost = Cost(D("0.06") * 20 + 2 * D("0.06") * minutes, 2 * D("3.6"))
        assert of_clusters.cost(running, moment) == cost
        at(moment)
        assert of_clusters.cost(running, moment) == cost
