"""What is done for a whole class, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.shapes import COURSE, OTHER_ID, page

ID = COURSE["id"]
ACTION: dict[str, Any] = {
    "id": OTHER_ID, "course": ID, "kind": "start", "actor": "ann", "made_at": "2026-11-21T18:00:00Z",
    "begins_at": "2026-11-23T08:40:00Z", "began_at": None, "ended_at": None, "hours": 2, "profile": "",
    "ready_at": "2026-11-23T09:00:00Z", "at_once": 10, "for_all": True,
    "parts": {"waiting": 0, "done": 2, "failed": 1, "refused": 1, "cancelled": 0},
    "rows": [
        {"username": "bo", "cluster": None, "state": "refused", "status": None, "reason": "nodes: 3 of 2",
         "failure": None, "decided_at": None},
        {"username": "cy", "cluster": OTHER_ID, "state": "done", "status": "ready", "reason": "", "failure": None,
         "decided_at": None},
        {"username": "di", "cluster": OTHER_ID, "state": "failed", "status": "deleting", "reason": "No host was found.",
         "failure": {"what": "No", "why": "host was found.", "next": "Delete it."}, "decided_at": None},
    ],
}  # fmt: skip
PREVIEW: dict[str, Any] = {
    "begins_at": None, "would": 1, "refused": 1,
    "outcomes": [
        {"username": "bo", "cluster": None, "ends_at": None, "reason": "nodes: 3 of 2"},
        {"username": "cy", "cluster": OTHER_ID, "ends_at": "2026-11-23T11:00:00Z", "reason": ""},
    ],
}  # fmt: skip


def bodies(server: Any) -> list[tuple[str, Any]]:
    return [
        (call.path.removeprefix(f"/api/v1/courses/{ID}/"), json.loads(call.body) if call.body else None)
        for call in server.calls
        if call.path != "/api/v1/courses"
    ]


def test_a_class_is_started_at_a_time_of_this_machines_clock(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(202, ACTION)
    words = ("--ready-at", "2026-11-23 09:00", "--workers", "1", "--student", "bo", "--student", "cy")
    done = slipway("class", "start", "demo", *words)
    assert done.code == 0
    assert "2 done, 1 failed, 1 refused" in done.out
    (lost,) = [line.split() for line in done.out.splitlines() if "No host was found." in line]
    assert (lost[0], lost[2:4]) == ("di", ["failed", "deleting"])
    assert [line.split()[0] for line in done.out.splitlines() if "nodes: 3 of 2" in line] == ["bo"]
    assert bodies(server) == [("class-starts", {
        "name": "class", "framework": "spark", "workers": 1, "flavor": "small", "hours": 4, "at_once": 10,
        "ready_at": "2026-11-23T09:00:00+00:00", "students": ["bo", "cy"], "preview": False,
    })]  # fmt: skip


def test_of_a_profile_only_what_is_said_is_sent(server: Any, slipway: Any, tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text('{"gpus": 1}')
    server.will_answer(200, page(COURSE))
    server.will_answer(200, page({"id": OTHER_ID, "name": "lecture"}))
    server.will_answer(200, PREVIEW)
    words = ("--profile", "lecture", "--spec", str(tmp_path / "more.json"), "--preview")
    done = slipway("class", "start", "demo", "--ready-at", "2026-11-23T10:00+01:00", *words)
    assert "nothing was done: 1 would, 1 would not" in done.err
    assert bodies(server)[-1] == ("class-starts", {
        "name": "class", "profile": OTHER_ID, "gpus": 1, "at_once": 10, "ready_at": "2026-11-23T10:00:00+01:00",
        "students": None, "preview": True,
    })  # fmt: skip


def test_a_time_that_is_none_is_told_before_anything_is_asked(server: Any, slipway: Any) -> None:
    done = slipway("class", "start", "demo", "--ready-at", "monday")
    assert (done.code, server.calls) == (2, [])
    assert "'monday' is no time; say 2026-11-23 10:00" in done.err


def test_all_ends_are_put_off_or_looked_at_first(server: Any, slipway: Any) -> None:
    for answer in (PREVIEW, {**ACTION, "kind": "extend", "ready_at": None}):
        server.will_answer(200, page(COURSE))
        server.will_answer(202, answer)
    assert slipway("class", "extend-all", "demo", "2", "--preview", "--json").json == PREVIEW
    assert slipway("class", "extend-all", "demo", "2").code == 0
    assert bodies(server) == [
        ("extend-all", {"hours": 2, "preview": True}), ("extend-all", {"hours": 2, "preview": False}),
    ]  # fmt: skip


@pytest.mark.parametrize("words", [[], ["--confirm", "dem"]])
def test_all_clusters_end_only_by_the_courses_name(server: Any, slipway: Any, words: list[str]) -> None:
    server.will_answer(200, page(COURSE))
    assert slipway("class", "end-all", "demo", *words).code == 2
    assert bodies(server) == []


def test_all_clusters_end(server: Any, slipway: Any) -> None:
    for answer in (PREVIEW, {**ACTION, "kind": "end", "ready_at": None}):
        server.will_answer(200, page(COURSE))
        server.will_answer(202, answer)
    assert slipway("class", "end-all", "demo", "--preview").code == 0
    assert slipway("class", "end-all", "demo", "--confirm", "demo").code == 0
    assert bodies(server) == [
        ("end-all", {"confirm": "", "preview": True}), ("end-all", {"confirm": "demo", "preview": False}),
    ]  # fmt: skip


def test_what_was_begun_is_listed_shown_and_called_off(server: Any, slipway: Any) -> None:
    ended = {**ACTION, "kind": "end", "ready_at": None}
    for answer in (page(ended, ACTION), page(ACTION), ACTION, {**ACTION, "ended_at": "2026-11-23T09:00:00Z"}):
        server.will_answer(200, page(COURSE))
        server.will_answer(200, answer)
    rows = [line.split()[:4] for line in slipway("class", "list", "demo").out.splitlines()[2:]]
    assert rows == [
        [OTHER_ID, "end", "2026-11-23", "08:40"],
        [OTHER_ID, "start", "2026-11-23", "08:40"],
    ]
    assert slipway("class", "starts", "demo").out.splitlines()[-1].split()[:3] == [OTHER_ID, "2026-11-23", "09:00"]
    assert f"slipway class show {ID} {OTHER_ID}" in slipway("class", "show", "demo", OTHER_ID).err
    assert "over" in slipway("class", "cancel", "demo", OTHER_ID).out
    assert [call.method for call in server.calls if OTHER_ID in call.path] == ["GET", "DELETE"]
