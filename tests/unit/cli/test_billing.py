"""Prices, credits and statements from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.slipway_client.commands.billing import not_over
from tests.unit.cli.shapes import COURSE, page

ID = COURSE["id"]
STANDING = {"granted": "100.000000", "spent": "1.500000", "held": "3.000000", "remaining": "95.500000"}
STATEMENT = {
    "course": ID, "person": "", "month": "2026-11", "time_zone": "Europe/Zurich", "granted": "100.000000",
    "spent": "1.500000", "lines": [],
    "people": [{
        "person": "ann", "nodes": "1.250000", "folders": "0.250000", "others": "0.000000", "set_right": "0.000000",
        "credits": "1.500000",
    }],
}  # fmt: skip


def rate(name: str, price: str, valid_from: str) -> dict[str, Any]:
    return {"kind": "node", "name": name, "price": price, "valid_from": valid_from, "memo": ""}


PAST, NOW, LATER = (
    rate("small", price, f"{year}-01-01T00:00:00Z") for price, year in (("1", 2025), ("2", 2026), ("3", 2027))
)


def test_what_is_over_is_left_out_of_the_prices() -> None:
    other = rate("medium", "9", "2024-01-01T00:00:00Z")
    assert not_over([LATER, NOW, PAST, other], datetime(2026, 11, 21, tzinfo=UTC)) == [LATER, NOW, other]


def test_prices_are_listed(server: Any, slipway: Any) -> None:
    for _ in range(2):
        server.will_answer(200, page(NOW, PAST))
    told = slipway("billing", "price").out.splitlines()[2:]
    assert [" ".join(line.split()[:6]) for line in told] == ["a machine, an hour small 2"]
    assert slipway("billing", "price", "--all", "--json").json == [NOW, PAST]


def test_credits_of_a_course_and_by_whom(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    people = [{"username": "ann", "spent": "1.5", "held": "3"}]
    server.will_answer(200, {"standing": STANDING, "people": people, "warnings": []})
    told = slipway("billing", "credits", "demo").out.split()
    assert told[:8] == ["Granted", "100", "Spent", "1.5", "Held", "3", "Remaining", "95.5"]
    assert told[-3:] == ["ann", "1.5", "3"]


def test_credits_that_end_are_said_to_end(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    at = "2030-01-01T12:00:00Z"
    warnings = [
        {"username": None, "percent": 80, "at": at, "ends_at": None},
        {"username": "ann", "percent": 100, "at": at, "ends_at": "2030-01-02T12:00:00Z"},
    ]
    server.will_answer(200, {"standing": STANDING, "people": [], "warnings": warnings})
    told = " ".join(slipway("billing", "credits", "demo").out.split())
    assert "At least 80 % of the course's credits are used." in told
    assert "All of the credits of ann are used. Clusters that cost end from 2030-01-02" in told


def test_credits_are_given(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(201, STANDING)
    assert slipway("billing", "give", "demo", "100.5", "--budget", "--memo", "term").code == 0
    call = server.calls[1]
    assert (call.path, json.loads(call.body)) == (
        f"/api/v1/courses/{ID}/credits", {"amount": "100.5", "memo": "term", "out_of": "budget"},
    )  # fmt: skip


def test_what_somebody_was_charged_in_error_is_given_back(server: Any, slipway: Any) -> None:
    for _ in range(2):
        server.will_answer(200, page(COURSE))
        server.will_answer(201, STANDING)
    assert slipway("billing", "correct", "demo", "ann", "2.5").code == 2
    assert slipway("billing", "correct", "demo", "ann", "2.5", "--memo", "twice").code == 0
    assert slipway("billing", "correct", "--memo", "too little", "--", "demo", "ann", "-1").code == 0
    assert [(call.path, json.loads(call.body)) for call in (server.calls[1], server.calls[3])] == [
        (f"/api/v1/courses/{ID}/corrections", {"person": "ann", "amount": "2.5", "memo": "twice"}),
        (f"/api/v1/courses/{ID}/corrections", {"person": "ann", "amount": "-1", "memo": "too little"}),
    ]


def test_a_statement_is_shown_or_fetched(server: Any, slipway: Any, tmp_path: Path) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, STATEMENT)
    told = slipway("billing", "statement", "demo", "--month", "2026-11", "--person", "ann").out
    assert told.splitlines()[-1].split() == ["ann", "1.25", "0.25", "0", "0", "1.5"]
    file = tmp_path / "november.PDF"
    for _ in range(2):
        server.will_answer(200, page(COURSE))
        server.will_answer(200, b"%PDF")
    assert slipway("billing", "statement", "demo", "--to", str(file)).code == 0
    assert file.read_bytes() == b"%PDF"
    assert [call.path for call in server.calls if "statements" in call.path] == [
        f"/api/v1/billing/statements?course={ID}&month=2026-11&person=ann",
        f"/api/v1/billing/statements?course={ID}&format=pdf",
    ]


def test_a_file_that_is_there_or_of_another_kind_is_not_written(server: Any, slipway: Any, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("mine")
    for name in ("x.csv", "x.txt"):
        server.will_answer(200, page(COURSE))
        assert slipway("billing", "statement", "demo", "--to", str(tmp_path / name)).code == 2
    assert (tmp_path / "x.csv").read_text() == "mine"
