"""The portal hears of a trouble once, of its end, and of what it did not take the first time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from cloudinit.slipway_node.health import keep_telling
from cloudinit.slipway_node.portal import PortalClient

from .conftest import CREDENTIAL, Portal


@pytest.fixture
def troubles(portal: Portal) -> Iterator[dict[str, str]]:
    """What is wrong, for the test to change while the teller runs."""
    now: dict[str, str] = {}
    stopping = threading.Event()
    arguments = (PortalClient(portal.url, CREDENTIAL), lambda: dict(now), stopping, 0.01)
    teller = threading.Thread(target=keep_telling, args=arguments)
    teller.start()
    yield now
    stopping.set()
    teller.join(5)


def test_it_tells_what_changes_and_nothing_twice(portal: Portal, troubles: dict[str, str]) -> None:
    portal.wait_for(lambda: portal.health == [{"troubles": {}}])
    troubles["worker-01"] = "gone"
    portal.wait_for(lambda: portal.health[1:] == [{"troubles": {"worker-01": "gone"}}])
    troubles.clear()
    portal.wait_for(lambda: portal.health[2:] == [{"troubles": {}}])


def test_it_tells_again_what_the_portal_did_not_take(portal: Portal, troubles: dict[str, str]) -> None:
    portal.wait_for(lambda: portal.health)
    portal.faults["health"] = [503, 503]
    troubles["worker-01"] = "gone"
    portal.wait_for(lambda: portal.health[1:] == [{"troubles": {"worker-01": "gone"}}])
    assert portal.faults["health"] == []


def test_a_look_that_fails_is_not_the_last_one(portal: Portal) -> None:
    looks = iter([ValueError("no JSON"), {"worker-01": "gone"}])

    def troubles() -> dict[str, str]:
        found = next(looks, {})
        if isinstance(found, Exception):
            raise found
        return found

    stopping = threading.Event()
    arguments = (PortalClient(portal.url, CREDENTIAL), troubles, stopping, 0.01)
    teller = threading.Thread(target=keep_telling, args=arguments)
    teller.start()
    portal.wait_for(lambda: portal.health[:1] == [{"troubles": {"worker-01": "gone"}}])
    stopping.set()
    teller.join(5)
