"""Cluster profiles from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.cli.shapes import COURSE, OTHER_ID, page

LECTURE = {"id": OTHER_ID, "name": "lecture", "text": "For week 1", "spec": {"workers": 2}, "may_change": ["hours"]}
WAY = f"/api/v1/courses/{COURSE['id']}/profiles"


def test_they_are_listed_and_shown_with_what_they_say(server: Any, slipway: Any) -> None:
    for _ in range(2):
        server.will_answer(200, page(COURSE))
        server.will_answer(200, page(LECTURE))
    assert slipway("profile", "list", "demo").out.splitlines()[-1].split() == ["lecture", "For", "week", "1", "hours"]
    assert slipway("profile", "show", "demo", "lecture", "--json").json == LECTURE


def test_they_are_made_changed_and_deleted(server: Any, slipway: Any, tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text('{"workers": 2}')
    server.will_answer(200, page(COURSE))
    server.will_answer(201, LECTURE)
    made = ("--spec", str(spec), "--may-change", "hours", "--text", "For week 1")
    assert slipway("profile", "create", "demo", "lecture", *made).code == 0
    for answer in (LECTURE, None):
        server.will_answer(200, page(COURSE))
        server.will_answer(200, page(LECTURE))
        server.will_answer(200 if answer else 204, answer)
    assert slipway("profile", "change", "demo", "lecture", "--name", "week 1").code == 0
    assert slipway("profile", "delete", "demo", "lecture", "--yes").out == "lecture: deleted\n"
    changed = [call for call in server.calls if call.method != "GET"]
    assert [(call.method, call.path) for call in changed] == [
        ("POST", WAY), ("PATCH", f"{WAY}/{OTHER_ID}"), ("DELETE", f"{WAY}/{OTHER_ID}"),
    ]  # fmt: skip
    first, second = (json.loads(call.body) for call in changed[:2])
    assert first == {"name": "lecture", "spec": {"workers": 2}, "may_change": ["hours"], "text": "For week 1"}
    assert second == {"name": "week 1"}


def test_students_can_be_let_change_nothing_any_more(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, page(LECTURE))
    server.will_answer(200, LECTURE)
    assert slipway("profile", "change", "demo", "lecture", "--may-change-nothing").code == 0
    assert json.loads(server.calls[-1].body) == {"may_change": []}
    both = ("--may-change-nothing", "--may-change", "hours")
    server.will_answer(200, page(COURSE))
    assert slipway("profile", "change", "demo", "lecture", *both).code == 2


def test_a_change_of_nothing_is_refused_here(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    assert slipway("profile", "change", "demo", "lecture").code == 2
    assert all(call.method == "GET" for call in server.calls)
