"""All that a page shows or does a program can see or do by the API: a table, tests/db/pages_in_the_api.txt, says how. A
page that is missing there fails, and so does a promise of an operation that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest

from launcher.paths import TOP
from portal.api.schema import document
from portal.web.form_calls import CALLS
from portal.web.urls import urlpatterns

TABLE, RIGHTS = TOP / "tests" / "db" / "pages_in_the_api.txt", TOP / "tests" / "db" / "rights.txt"
NONE = "-"
# Asked of nobody in particular, so rights.txt has no line for them.
OPEN = {("GET", "log-in"), ("POST", "log-in"), ("POST", "log-out")}


class Line(NamedTuple):
    method: str
    page: str
    operations: tuple[str, ...]
    reason: str


def lines() -> Iterator[Line]:
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            method, page, first, *rest = line.split()
            yield Line(method, page, *(((), " ".join(rest)) if first == NONE else ((first, *rest), "")))


@cache
def methods() -> dict[str, str]:
    """Of each operation of the API."""
    return {
        operation["operationId"]: method.upper()
        for ways in document()["paths"].values()
        for method, operation in ways.items()
    }


def pages() -> set[tuple[str, str]]:
    """By which method each page is asked, as rights.txt has it."""
    words = [line.split()[:2] for line in RIGHTS.read_text().splitlines() if line and not line.startswith("#")]
    return {(method, page) for method, page in words if not page.startswith("api:")}


def test_each_page_has_its_line() -> None:
    told = [(line.method, line.page) for line in lines()]
    assert len(told) == len(set(told))
    assert sorted(set(told)) == sorted(pages() | OPEN)
    assert {page for _, page in told} == {pattern.name for pattern in urlpatterns}


@pytest.mark.parametrize("line", [*lines()], ids=lambda line: f"{line.method} {line.page}")
def test_what_a_page_does_the_api_does(line: Line) -> None:
    assert bool(line.operations) != bool(line.reason), "operations, or why there is none"
    assert set(line.operations) <= set(methods())
    changes = {name for name in line.operations if methods()[name] != "GET"}
    assert changes == (set(line.operations) if line.method == "POST" else set())


@pytest.mark.parametrize("form", CALLS)
def test_what_stands_below_a_form_is_an_operation_of_its_line(form: str) -> None:
    call = CALLS[form]
    said = {name for line in lines() if (line.page, line.method) == (form, "POST") for name in line.operations}
    assert call.method in {methods()[name] for name in said}
    assert _address(call.path) in {path for path, ways in _addresses() if said & ways}


def _addresses() -> list[tuple[str, set[str]]]:
    return [
        (_address(path.removeprefix("/api/v1/")), {each["operationId"] for each in ways.values()})
        for path, ways in document()["paths"].items()
    ]


def _address(path: str) -> str:
    """Whatever its parameters are called."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
