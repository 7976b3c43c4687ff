"""Events are posted behind the boot's back: in order, and never at its cost."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cloudinit.slipway_node.portal import EventPoster, PortalClient


@pytest.fixture
def silent_portal() -> Iterator[str]:
    """Takes connections, says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_it_posts_all_events_in_their_order(portal: Any, client: PortalClient) -> None:
    poster = EventPoster(client)
    for number in range(20):
        poster.post_event(f"step-{number}", "done", number / 10)
    assert poster.close() == 0
    assert [event["step"] for event in portal.events] == [f"step-{number}" for number in range(20)]


def test_it_tries_an_event_again_after_an_outage(portal: Any, client: PortalClient) -> None:
    portal.faults["events"] = [503, 503]
    poster = EventPoster(client)
    poster.post_event("one", "done", 0.1)
    poster.post_event("two", "done", 0.1)
    assert poster.close() == 0
    assert [event["step"] for event in portal.events] == ["one", "two"]


def test_it_passes_over_an_event_that_is_refused(portal: Any, client: PortalClient) -> None:
    portal.faults["events"] = [400]
    poster = EventPoster(client)
    poster.post_event("one", "done", 0.1)
    poster.post_event("two", "done", 0.1)
    assert poster.close() == 0
    assert [event["step"] for event in portal.events] == ["two"]


def test_a_portal_that_never_answers_costs_no_more_than_the_bound(silent_portal: str) -> None:
    began = time.monotonic()
    poster = EventPoster(PortalClient(silent_portal, "c"))
    for number in range(8):
        poster.post_event(f"step-{number}", "done", 0.1)
    assert time.monotonic() - began < 0.5
    assert poster.close(within=1.0) == 8
    assert time.monotonic() - began < 2.5


def test_it_keeps_the_newest_events_when_too_many_wait(silent_portal: str) -> None:
    poster = EventPoster(PortalClient(silent_portal, "c"), limit=3)
    for number in range(10):
        poster.post_event(f"step-{number}", "done", 0.1)
    assert poster.close(within=0.1) == 3
