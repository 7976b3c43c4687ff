"""A folder's way: made, seen, made larger, offered to a new cluster, deleted; each page looked at."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor


@pytest.fixture(scope="module")
def visitor(visit: Visit) -> Visitor:
    visitor = visit()
    visitor.log_in("student")
    return visitor


def test_a_folder_is_made_and_becomes_available_on_an_open_page(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("link", name="Folders").click()
    visitor.sees("There is no folder yet")
    page.get_by_label("Name").fill("Flights of 2013")
    page.get_by_label("Size (GB)").fill("0")
    page.get_by_role("button", name="Make").evaluate("button => button.form.noValidate = true")
    page.get_by_role("button", name="Make").click()
    visitor.sees("must be from 1 to")
    visitor.look("folders-with-a-fault", status=422)
    page.get_by_label("Size (GB)").fill("2")
    page.get_by_role("button", name="Make").click()
    visitor.sees("Choose it when you create a cluster")
    visitor.look("folder")


def test_it_is_made_larger(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("heading", name="Make it larger").click()
    page.get_by_label("New size (GB)").fill("3")
    page.get_by_role("button", name="Make larger").click()
    expect(page.get_by_text(re.compile("^3 GB$"))).to_be_visible()
    visitor.sees("Available")


def test_the_form_for_a_cluster_offers_it(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("link", name="Clusters").click()
    page.get_by_text("Folders of your course").click()
    page.get_by_label("Flights of 2013").select_option("ro")
    visitor.sees("/data/flights-of-2013")
    visitor.look("create-with-a-folder")


def test_the_list_shows_it_and_it_is_deleted(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("link", name="Folders").click()
    visitor.look("folders")
    page.get_by_role("link", name="Flights of 2013").click()
    page.get_by_role("heading", name="Delete this folder").click()
    visitor.look("folder-before-its-delete")
    page.get_by_role("button", name="Delete").click()
    visitor.sees("This folder is gone")
    expect(page.get_by_role("button", name="Delete")).to_be_hidden()
