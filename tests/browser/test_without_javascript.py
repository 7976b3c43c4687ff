"""The whole way in a browser that runs no scripts: pages load themselves anew while something moves."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from cloudinit import frameworks
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor


@pytest.fixture(scope="module")
def visitor(visit: Visit) -> Visitor:
    visitor = visit(scripts=False)
    visitor.log_in("student2")
    return visitor


def test_a_cluster_is_created_and_its_page_gets_to_ready(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_label("Workers").fill("1")
    page.get_by_role("button", name="Create").click()
    visitor.sees(f"of {frameworks.manifest('spark').step_count(1)} steps")
    visitor.sees("UTC")
    visitor.sees("Your cluster is ready", seconds=120)
    visitor.look("ready-without-javascript")


def test_a_job_gets_to_its_end(visitor: Visitor, hello: Path) -> None:
    visitor.page.get_by_label("Program").set_input_files(hello)
    visitor.page.get_by_label("Arguments").fill("one\ntwo words")
    visitor.page.get_by_role("button", name="Run").click()
    visitor.sees("Succeeded", seconds=60)
    visitor.sees("hello ['one', 'two words']")
    visitor.page.get_by_role("link", name="←").click()


def test_the_cluster_is_deleted(visitor: Visitor) -> None:
    visitor.page.get_by_role("heading", name="Delete this cluster").click()
    visitor.page.get_by_role("button", name="Delete").click()
    expect(visitor.page.get_by_role("button", name="Delete")).to_be_hidden()
    visitor.sees("This cluster is gone", seconds=60)
