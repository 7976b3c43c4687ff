"""What administrators do from the command line: prices, budgets, service accounts, who makes courses, the trail."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.cli.shapes import COURSE, page


def asked(server: Any) -> list[tuple[str, str, Any]]:
    calls = [(call.method, call.path, json.loads(call.body) if call.body else None) for call in server.calls]
    return [call for call in calls if call[:2] != ("GET", "/api/v1/courses")]


def test_a_price_is_set_from_a_time_on(server: Any, slipway: Any) -> None:
    server.will_answer(201, {"price": "0.500000", "valid_from": "2026-12-01T00:00:00Z"})
    done = slipway("billing", "set-price", "node", "small", "0.5", "--from", "2026-12-01", "--memo", "winter")
    assert done.out == "node small: 0.5 from 2026-12-01T00:00:00Z\n"
    assert asked(server) == [("POST", "/api/v1/billing/rates", {
        "kind": "node", "name": "small", "price": "0.5", "valid_from": "2026-12-01T00:00:00+00:00",
        "correcting": False, "memo": "winter",
    })]  # fmt: skip


def test_wrong_charges_are_counted_and_then_set_right(server: Any, slipway: Any) -> None:
    span = ("--start", "2026-11-01", "--end", "2026-11-02T00:00Z", "--memo", "wrong rate")
    server.will_answer(200, {"charges": 7, "done": False})
    server.will_answer(200, {"charges": 7, "done": True})
    assert slipway("billing", "reprocess", *span, "--preview").out == "7 charges would be reversed and charged anew.\n"
    assert slipway("billing", "reprocess", *span).out == "7 charges were reversed and charged anew.\n"
    assert [body["preview"] for _, _, body in asked(server)] == [True, False]


def test_budgets_are_listed_and_given(server: Any, slipway: Any) -> None:
    server.will_answer(200, page({"person": "ann", "credits": "12.500000"}))
    server.will_answer(201, {"person": "ann", "credits": "15.000000"})
    assert slipway("billing", "budgets").out.splitlines()[-1].split() == ["ann", "12.5"]
    assert slipway("billing", "give-budget", "ann", "2.5").out == "ann: 15 credits left\n"
    assert asked(server)[-1][2] == {"person": "ann", "amount": "2.5", "memo": ""}


def test_accounts_of_other_systems(server: Any, slipway: Any) -> None:
    server.will_answer(201, {"name": "jupyter", "scopes": ["billing"]})
    server.will_answer(200, page({"name": "jupyter", "scopes": ["billing"]}))
    assert slipway("admin", "create-service", "jupyter", "--scope", "billing").out == "jupyter: billing\n"
    assert slipway("admin", "services").out.splitlines()[-1].split() == ["jupyter", "billing"]
    assert slipway("admin", "create-service", "jupyter").code == 2


def test_who_may_make_courses(server: Any, slipway: Any) -> None:
    server.will_answer(200, {"username": "a/b"})
    server.will_answer(200, page({"username": "a/b"}))
    server.will_answer(204)
    assert slipway("admin", "appoint", "a/b").code == 0
    assert slipway("admin", "course-makers").out.split()[-1] == "a/b"
    assert slipway("admin", "dismiss", "a/b").code == 0
    way = "/api/v1/courses/makers"
    assert [call[:2] for call in asked(server)] == [("PUT", f"{way}/a%2Fb"), ("GET", way), ("DELETE", f"{way}/a%2Fb")]


def entry(number: int) -> dict[str, Any]:
    return {
        "id": number, "at": "2026-11-21T18:00:00Z", "actor": "", "way": "system", "action": "cluster.end",
        "subject": f"id-{number}", "name": "", "course": "demo", "before": None, "after": {"why": "idle"},
    }  # fmt: skip


def test_the_trail_is_read_no_further_than_asked(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, {**page(entry(1), entry(2)), "next": f"{server.url}/api/v1/trail?cursor=x"})
    done = slipway("trail", "--course", COURSE["id"], "--since", "2026-11-21T00:00Z", "--most", "2")
    assert [line.split()[2:4] for line in done.out.splitlines()[2:]] == [["the", "portal"], ["the", "portal"]]
    assert [path for _, path, _ in asked(server)] == [
        "/api/v1/trail?course=demo&since=2026-11-21T00%3A00%3A00%2B00%3A00"
    ]


def test_the_whole_trail_is_read_where_nothing_is_said(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(entry(1)))
    assert slipway("trail").code == 0
    assert asked(server) == [("GET", "/api/v1/trail", None)]
