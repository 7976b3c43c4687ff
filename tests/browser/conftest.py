"""One embedded Slipway and one Chromium for the suite; people come with `visitors`, each with cookies of their own."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.browser.visitor import PATIENCE, PICTURES, Visitor

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's own."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing: `./slipway test browser` installs it, or says how"
    shutil.rmtree(PICTURES, ignore_errors=True)
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visit(house: Embedded, chromium: Browser) -> Iterator[Visit]:
    """Come to the portal's first page, as nobody yet; at the end nobody may have had trouble."""
    came: list[Visitor] = []

    def make(*, scripts: bool = True) -> Visitor:
        context = chromium.new_context(
            base_url=house.url,
            viewport={"width": 1440, "height": 900},
            locale="en-GB",
            timezone_id="Europe/Berlin",
            java_script_enabled=scripts,
        )
        visitor = Visitor(context.new_page(), house.logins, scripts=scripts)
        visitor.page.goto("/")
        came.append(visitor)
        return visitor

    yield make
    trouble = [visitor.trouble for visitor in came]
    for visitor in came:
        visitor.page.context.close()
    assert not any(trouble), trouble


def unfold(page: Page, words: str) -> None:
    page.locator("summary", has_text=words).click()


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A program that needs no Spark, and so ends soon."""
    program = tmp_path / "hello.py"
    program.write_text("import sys; print('hello', sys.argv[1:])")
    return program


@pytest.fixture(scope="session")
def failed(house: Embedded, person: Callable[[str], Client]) -> dict[str, Any]:
    """A cluster of student2's that could not start: a port of its master's was taken, whichever address it got."""
    client = person("student2")
    (course,) = client.courses()
    gateway = json.loads((house.home / "minicloud" / "cloud.json").read_text())["gateway_address"]
    with contextlib.ExitStack() as taken:
        for last in range(10, 255):
            taken.enter_context(socket.create_server((f"{gateway.rpartition('.')[0]}.{last}", 9870)))
        made = client.create_cluster(course["id"], "a port is taken", 1, "small", 1)
        return client.wait_for_cluster(made["id"], 120)
