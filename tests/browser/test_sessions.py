"""A session that ends while a page is open: the person logs in again and is back; nothing was done meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from cli.slipway_client import Client
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

AT_MOST = 20  # seconds until an open page asks again


@pytest.fixture
def at_cluster(visit: Visit, failed: dict[str, Any]) -> Visitor:
    """At the page of a cluster in which nothing moves."""
    visitor = visit()
    visitor.log_in("student2")
    visitor.page.get_by_role("link", name=failed["name"]).click()
    visitor.sees("could not start")
    return visitor


def log_out_elsewhere(visitor: Visitor) -> Visitor:
    """In another tab of the same browser, which is given back."""
    page = visitor.page.context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    return Visitor(page, visitor.logins)


def press_delete(visitor: Visitor) -> None:
    visitor.page.get_by_role("heading", name="Delete this cluster").click()
    visitor.page.get_by_role("button", name="Delete").click()


def test_an_open_page_leads_to_the_log_in_and_the_log_in_back_to_it(at_cluster: Visitor) -> None:
    address = at_cluster.page.url
    log_out_elsewhere(at_cluster)
    at_cluster.sees("You are not logged in, or no longer.", seconds=AT_MOST)
    at_cluster.look("session-ended")
    at_cluster.log_in("student2")
    at_cluster.sees("could not start")
    assert at_cluster.page.url == address


def test_the_list_that_asks_again_by_itself_leads_to_the_log_in_too(
    visit: Visit, person: Callable[[str], Client]
) -> None:
    client = person("outsider")
    (course,) = client.courses()
    cluster = client.create_cluster(course["id"], "briefly", 1, "small", 1)
    try:
        visitor = visit()
        visitor.log_in("outsider")
        visitor.sees("Creating")
        log_out_elsewhere(visitor)
        expect(visitor.page.get_by_label("Password")).to_be_visible(timeout=AT_MOST * 1000)
    finally:
        client.delete_cluster(cluster["id"])


def test_what_is_pressed_after_the_end_is_not_done_but_asked_for_again(at_cluster: Visitor) -> None:
    log_out_elsewhere(at_cluster)
    press_delete(at_cluster)
    at_cluster.sees("You are not logged in, or no longer.")
    at_cluster.log_in("student2")
    at_cluster.sees("could not start")


def test_a_page_from_before_the_log_in_says_that_it_is_too_old(at_cluster: Visitor) -> None:
    log_out_elsewhere(at_cluster).log_in("student2")
    press_delete(at_cluster)
    at_cluster.sees("This page is too old")
    at_cluster.look("too-old", status=403)
    at_cluster.page.go_back()
    at_cluster.page.reload()
    at_cluster.sees("could not start")
