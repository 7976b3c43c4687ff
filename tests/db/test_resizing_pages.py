"""Changing a cluster on its page."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from portal.accounts.models import User
from portal.clusters.models import Cluster, Status
from tests.db.resizing import names, now, three
from tests.db.test_nodes import node, say

__all__ = ["three"]


def test_the_page_changes_a_cluster_and_shows_what_is_refused(
    browser: Callable[[User], Client], three: Cluster, alice: User
) -> None:
    page, address = browser(alice), f"/clusters/{three.pk}"
    for form, words in (
        ({"workers": "1"}, "kept 2 times"),
        ({"workers": "x"}, "1 is the least"),
        ({}, "1 is the least"),
    ):
        assert words in page.post(f"{address}/resize", form, follow=True).content.decode()
    assert "No worker" in page.post(f"{address}/repair", follow=True).content.decode()
    assert now(three).status == Status.READY
    shown = page.post(f"{address}/resize", {"remove": "worker-02"}, follow=True).content.decode()
    assert names(three, leaving=True) == ["worker-02"]
    assert "Moving data off the machines that leave" in shown
    say(node(three), "health", {"troubles": {}, "leaving": {"worker-02": "12 blocks"}})
    assert "12 blocks" in page.get(address).content.decode()


def test_the_page_offers_to_replace_a_lost_worker_and_tells_of_a_change_that_failed(
    browser: Callable[[User], Client], three: Cluster, alice: User
) -> None:
    page, address = browser(alice), f"/clusters/{three.pk}"
    assert "data-lost" not in page.get(address).content.decode()
    say(node(three), "health", {"troubles": {"worker-03": "gone"}})
    failure = {"what": "The cloud refused the change.", "why": "quota exceeded", "next": "Try it again."}
    Cluster.objects.update(change_failure=failure)
    shown = page.get(address).content.decode()
    assert "data-lost" in shown
    assert all(words in shown for words in failure.values())
    page.post(f"{address}/repair")
    assert names(three, unhealthy=True) == ["worker-03"]
