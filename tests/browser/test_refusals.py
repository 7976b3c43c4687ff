"""What the portal does not do, and its own faults: each page says what, why, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from launcher.testing import Embedded
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor


@pytest.fixture(scope="module")
def visitor(visit: Visit) -> Visitor:
    visitor = visit()
    visitor.log_in("outsider")
    visitor.sees("Create")
    return visitor


@pytest.fixture
def broken(house: Embedded) -> Iterator[None]:
    """A fault of the portal: its database lacks the table of sizes."""

    def sql(text: str) -> None:
        house.slipway(
            "manage", "shell", "-v0", "-c", f"from django.db import connection as c; c.cursor().execute({text!r})"
        )

    sql("ALTER TABLE cloud_flavor RENAME TO away")
    yield
    sql("ALTER TABLE away RENAME TO cloud_flavor")


def test_an_address_that_is_none(visitor: Visitor) -> None:
    visitor.page.goto("/nothing/here")
    visitor.sees("There is no such page here")
    visitor.look("no-such-page", status=404)


def test_a_cluster_of_somebody_else(visitor: Visitor, failed: dict[str, Any]) -> None:
    visitor.page.goto(f"/clusters/{failed['id']}")
    visitor.sees("You have no such cluster.")
    visitor.look("no-such-cluster", status=404)
    visitor.page.get_by_role("link", name="Your clusters").click()


def test_a_form_with_a_fault(visitor: Visitor) -> None:
    visitor.page.goto("/")
    visitor.page.get_by_label("Name").fill("   ")
    visitor.page.get_by_role("button", name="Create").click()
    visitor.sees("Nothing was created.")
    visitor.sees("This field is required.")
    visitor.look("create-with-fault", status=422)


def test_a_fault_in_the_folded_part_of_the_form(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/")
    expect(page.get_by_label("Settings of Spark")).to_be_hidden()
    page.get_by_text("More: machines").click()
    page.get_by_label("Settings of Spark").fill("spark.authenticate = false")
    page.get_by_role("button", name="Create").click()
    visitor.sees("spark.authenticate: carries security")
    expect(page.get_by_label("Settings of Spark")).to_have_value("spark.authenticate = false")
    visitor.look("create-with-fault-in-more", status=422)


def test_a_fault_of_the_portal_itself(visitor: Visitor, broken: None) -> None:
    visitor.page.goto("/")
    visitor.sees("This is a fault of ours")
    visitor.look("fault-of-ours", status=500)
