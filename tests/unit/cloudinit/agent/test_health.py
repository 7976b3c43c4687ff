"""The portal hears of a trouble once, of its end, and of what it did not take the first time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cloudinit.frameworks.node import Report
from cloudinit.slipway_node.health import keep_telling
from cloudinit.slipway_node.portal import PortalClient

from .conftest import CREDENTIAL, Portal


@contextmanager
def telling(portal: Portal, report: Callable[[], Report], look: float = 0.01) -> Iterator[threading.Event]:
    """Gives what tells the teller that there is news."""
    stopping, news = threading.Event(), threading.Event()
    arguments = (PortalClient(portal.url, CREDENTIAL), report, stopping, news, look)
    teller = threading.Thread(target=keep_telling, args=arguments)
    teller.start()
    try:
        yield news
    finally:
        stopping.set()
        news.set()
        teller.join(5)
    assert not teller.is_alive()


@pytest.fixture
def troubles(portal: Portal) -> Iterator[dict[str, str]]:
    """What is wrong, for the test to change while the teller runs."""
    now: dict[str, str] = {}
    with telling(portal, lambda: Report(dict(now))):
        yield now


def said(portal: Portal) -> list[dict[str, str]]:
    return [each["troubles"] for each in portal.health]


def test_it_tells_what_changes_and_nothing_twice(portal: Portal, troubles: dict[str, str]) -> None:
    portal.wait_for(lambda: said(portal) == [{}])
    troubles["worker-01"] = "gone"
    portal.wait_for(lambda: said(portal)[1:] == [{"worker-01": "gone"}])
    troubles.clear()
    portal.wait_for(lambda: said(portal)[2:] == [{}])


def test_it_tells_again_what_the_portal_did_not_take(portal: Portal, troubles: dict[str, str]) -> None:
    portal.wait_for(lambda: portal.health)
    portal.faults["health"] = [503, 503]
    troubles["worker-01"] = "gone"
    portal.wait_for(lambda: said(portal)[1:] == [{"worker-01": "gone"}])
    assert portal.faults["health"] == []


def test_a_look_that_fails_is_not_the_last_one(portal: Portal) -> None:
    looks = iter([ValueError("no JSON"), Report({"worker-01": "gone"})])

    def report() -> Report:
        found = next(looks, Report())
        if isinstance(found, Exception):
            raise found
        return found

    with telling(portal, report):
        portal.wait_for(lambda: said(portal)[:1] == [{"worker-01": "gone"}])


def test_it_looks_at_once_when_there_is_news_and_often_while_a_node_leaves(portal: Portal) -> None:
    left = iter([{"worker-02": "12 blocks"}, {"worker-02": "3 blocks"}])
    with telling(portal, lambda: Report(leaving=next(left, {"worker-02": ""})), look=60) as news:
        news.set()
        portal.wait_for(lambda: [each["leaving"] for each in portal.health][-1:] == [{"worker-02": ""}])


def test_figures_of_the_storage_alone_are_no_news(portal: Portal, wait_until: Callable[..., None]) -> None:
    looks: list[int] = []

    def report() -> Report:
        looks.append(len(looks))
        return Report(storage={"worker-01": {"used": looks[-1]}})

    with telling(portal, report):
        wait_until(lambda: len(looks) > 20)
    assert [each["storage"] for each in portal.health] == [{"worker-01": {"used": 0}}]
