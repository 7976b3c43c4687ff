"""A class of 200 presses Create at once: real HTTP, several web processes, a real PostgreSQL; no cloud is asked."""

from __future__ import annotations

from decimal import Decimal

from bench.creates import together
from tests.web_processes import under_fire


def test_exactly_as_many_as_the_limit_allows_get_one_and_all_others_a_reason() -> None:
    with under_fire(200, limit=50, workers=4) as fire:
        came = together(fire, 200)
        assert came.statuses == {202: 50, 409: 150}
        assert all("50 clusters at once is the limit" in reason for reason in came.reasons if reason)
        assert fire.sql("SELECT count(*), count(DISTINCT owner_id) FROM clusters_cluster") == [(50, 50)]
        assert fire.sql("SELECT count(*) FROM clusters_node") == [(150,)]
        assert fire.sql("SELECT count(*) FROM trail_entry WHERE action = 'cluster.create'") == [(50,)]
        assert fire.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'portal'") == [(0,)]


def test_credits_are_not_overspent_either() -> None:
    """A cluster of three nodes for four hours costs 12: 250 are enough for 20."""
    with under_fire(60, limit=1000, workers=3, price="1", grant="250") as fire:
        came = together(fire, 60)
        assert came.statuses == {202: 20, 409: 40}
        held = fire.sql("SELECT count(*), sum(amount) FROM billing_hold")[0]
        assert held[0] == 20
        assert Decimal(239) < held[1] <= 240
