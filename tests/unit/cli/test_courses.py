"""Courses, rosters and limits from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client.exits import Exit
from tests.unit.cli.shapes import COURSE, page

ID = COURSE["id"]
SHOWN = {**COURSE, "may": ["see_course", "change_roster"]}
LIMITS = {
    "course": {"clusters": 50, "nodes": 200, "credits": "1000.000000"},
    "each_student": {"clusters": 1, "nodes": 5, "credits": None},
    "exceptions": [{"username": "ann", "limits": {"nodes": 9}}],
    "over": [{"username": "ann", "limit": "nodes", "detail": "nodes: 10 of 9"}],
}
PLAN = {
    "applied": False,
    "added": [{"username": "ann", "role": "student", "credits": None}],
    "changed": [],
    "unchanged": 198,
    "removed": ["dan"],
    "clusters_of_removed": [{"id": "x", "name": "flights", "owner": "dan", "status": "ready"}],
}


def sent(server: Any) -> list[tuple[str, str, Any]]:
    """What was asked, but for the list by which the course is found."""
    return [
        (call.method, call.path.removeprefix(f"/api/v1/courses/{ID}"), json.loads(call.body) if call.body else None)
        for call in server.calls
        if call.path != "/api/v1/courses" or call.method != "GET"
    ]


def test_a_course_is_shown_with_what_one_may_do(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, SHOWN)
    assert "see course, change roster" in slipway("course", "show", "demo").out
    assert sent(server) == [("GET", "", None)]


def test_a_course_is_made_and_ended(server: Any, slipway: Any) -> None:
    server.will_answer(201, SHOWN)
    assert slipway("course", "create", "demo", "Demo", "--begins", "2026-09-01").code == 0
    server.will_answer(200, page(COURSE))
    assert slipway("course", "archive", "demo").code == 2
    server.will_answer(200, page(COURSE))
    server.will_answer(200, SHOWN)
    assert slipway("course", "archive", "demo", "--yes", "--keep-folders", "7").code == 0
    assert sent(server) == [
        ("POST", "/api/v1/courses", {"name": "demo", "title": "Demo", "starts_on": "2026-09-01"}),
        ("POST", "/archive", {"confirm": "demo", "keep_folders_days": 7, "preview": False}),
    ]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("archive", "demo"), ("POST", "/archive", {"confirm": "", "keep_folders_days": 30, "preview": True})),
        (("remove", "demo", "ann", "--end-clusters"), ("DELETE", "/members/ann?end_clusters=true&preview=true", None)),
    ],
)
def test_what_would_end_is_shown_before_and_nothing_is_asked(
    words: tuple[str, ...], asked: Any, server: Any, slipway: Any
) -> None:
    ends = {"username": "ann", "cluster": "c1", "ends_at": "2026-11-23T11:00:00Z", "reason": ""}
    preview = {"begins_at": "2026-11-23T11:00:00Z", "would": 1, "refused": 0, "outcomes": [ends]}
    for _ in range(2):
        server.will_answer(200, page(COURSE))
        server.will_answer(200, preview)
    done = slipway("course", *words, "--preview")
    assert done.code == 0
    assert ["ann", "c1"] in [line.split()[:2] for line in done.out.splitlines()]
    assert "nothing was done" in done.err
    assert slipway("course", *words, "--preview", "--json").json == preview
    assert sent(server) == [asked, asked]


def test_members_are_listed_with_what_they_spent(server: Any, slipway: Any) -> None:
    ann = {"username": "ann", "role": "student", "clusters": 1, "active_at": None, "spent": "1.250000", "credits": None}
    server.will_answer(200, page(COURSE))
    server.will_answer(200, page(ann))
    assert slipway("course", "members", "demo").out.splitlines()[2].split() == ["ann", "student", "1", "1.25"]


def test_members_come_change_and_go(server: Any, slipway: Any) -> None:
    for words, answer in (
        (("add", "demo", "ann"), {"username": "ann", "role": "student"}),
        (("role", "demo", "ann", "assistant"), {"username": "ann", "role": "assistant"}),
        (("remove", "demo", "a/../b", "--end-clusters", "--yes"), {"username": "x", "clusters": []}),
    ):
        server.will_answer(200, page(COURSE))
        server.will_answer(200, answer)
        assert slipway("course", *words).code == 0
    assert sent(server) == [
        ("POST", "/members", {"username": "ann", "role": "student"}),
        ("PATCH", "/members/ann", {"role": "assistant"}),
        ("DELETE", "/members/a%2F..%2Fb?end_clusters=true&preview=false", None),
    ]


def test_a_roster_is_shown_first_and_done_when_said(server: Any, slipway: Any, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_bytes("\ufeffusername,role\nann,student\n".encode())
    for applied in (False, True):
        server.will_answer(200, page(COURSE))
        server.will_answer(200, {**PLAN, "applied": applied})
    shown = slipway("course", "roster", "demo", str(file))
    assert all(word in shown.out for word in ("ann (student)", "198", "dan/flights"))
    assert "--apply" in shown.err
    assert slipway("course", "roster", "demo", str(file), "--apply", "--remove-others").err == "Done.\n"
    (_, _, first), (_, _, second) = sent(server)
    assert first == {
        "csv": "username,role\nann,student\n",
        "apply": False,
        "remove_others": False,
        "end_clusters": False,
    }
    assert second == {**first, "apply": True, "remove_others": True}


def test_each_bad_line_of_a_roster_is_named(server: Any, slipway: Any, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("x")
    server.will_answer(200, page(COURSE))
    server.will_answer(422, {"title": "No", "errors": {"line 3": "a role that is none", "line 9": "twice"}})
    done = slipway("course", "roster", "demo", str(tmp_path / "r.csv"))
    assert done.code == 3
    assert "line 3: a role that is none; line 9: twice" in done.err


def test_a_roster_in_another_encoding_is_told_here(server: Any, slipway: Any, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes("username\nmüller\n".encode("latin-1"))
    done = slipway("course", "roster", "demo", str(tmp_path / "r.csv"))
    assert (done.code, server.calls) == (2, [])
    assert "CSV UTF-8" in done.err


def test_limits_stand_beside_one_another_with_who_is_over(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, LIMITS)
    done = slipway("course", "limits", "demo")
    rows = [line.split() for line in done.out.splitlines()[2:]]
    assert rows == [["clusters", "50", "1"], ["nodes", "200", "5", "ann", "9"], ["credits", "1000", "none"]]
    assert "ann: nodes: 10 of 9" in done.err


@pytest.mark.parametrize(
    ("words", "method", "way", "body"),
    [
        (["nodes", "100"], "PUT", "/limits", {
            "course": {**LIMITS["course"], "nodes": "100"}, "each_student": LIMITS["each_student"],
        }),
        (["nodes", "none", "--each-student"], "PUT", "/limits", {
            "course": LIMITS["course"], "each_student": {**LIMITS["each_student"], "nodes": None},
        }),
    ],
)  # fmt: skip
def test_one_limit_is_set_and_the_others_stay(
    server: Any, slipway: Any, words: list[str], method: str, way: str, body: Any
) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, LIMITS, ETag='"as-seen"')
    server.will_answer(200, LIMITS)
    assert slipway("course", "set-limit", "demo", *words).code == 0
    assert sent(server)[-1] == (method, way, body)
    assert server.calls[-1].headers["If-Match"] == '"as-seen"'


def test_one_limit_of_a_student_is_set_beside_their_other_ones(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, LIMITS["exceptions"][0], ETag='"as-seen"')
    server.will_answer(200, LIMITS)
    assert slipway("course", "set-limit", "demo", "clusters", "2", "--student", "ann").code == 0
    assert sent(server) == [("GET", "/limits/ann", None), ("PUT", "/limits/ann", {"nodes": 9, "clusters": "2"})]
    assert server.calls[-1].headers["If-Match"] == '"as-seen"'


@pytest.mark.parametrize("whose", [[], ["--student", "ann"]])
def test_where_another_teacher_was_quicker_it_says_what_to_type(server: Any, slipway: Any, whose: list[str]) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, {**LIMITS, "limits": {}}, ETag='"as-seen"')
    server.will_answer(412, {
        "title": "It is not what it was", "detail": "Nothing was done.", "next": "Send it with the new ETag.",
    })  # fmt: skip
    done = slipway("course", "set-limit", "demo", "nodes", "100", *whose)
    assert done.code == Exit.REFUSED
    assert "Nothing was done." in done.err
    assert "`slipway course limits demo`, and say this again" in done.err
    assert "ETag" not in done.err


def test_what_one_has_stands_beside_what_one_may_have(server: Any, slipway: Any) -> None:
    mine = {
        "limits": {"clusters": 1, "hours": 12, "credits": None},
        "used": {"clusters": 1, "credits": "2.500000"},
    }
    whole = {
        "limits": {"clusters": 50, "hours": None, "credits": "1000.000000"},
        "used": {"clusters": 7, "credits": "10.000000"},
    }
    for course in (None, whole):
        server.will_answer(200, page(COURSE))
        server.will_answer(200, {"mine": mine, "course": course})
    own, all_of_it = ([line.split() for line in slipway("course", "usage", "demo").out.splitlines()[2:]] for _ in "12")
    assert own == [["clusters", "1", "1"], ["hours", "12"], ["credits", "2.5", "none"]]
    assert all_of_it[0] == ["clusters", "1", "1", "7", "50"]
    assert all_of_it[2] == ["credits", "2.5", "none", "10", "1000"]
    assert [call[1] for call in sent(server)] == ["/usage", "/usage"]


def test_a_course_is_changed_only_in_what_is_said(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, SHOWN)
    words = ("--ends", "none", "--idle-minutes", "90", "--profiles-only", "--idle-off-until", "2026-11-23 12:00")
    assert slipway("course", "change", "demo", *words).code == 0
    assert slipway("course", "change", "demo").code == 2
    assert sent(server) == [
        ("PATCH", "", {
            "ends_on": None, "idle_minutes": "90", "profiles_only": True, "idle_off_until": "2026-11-23T12:00:00+00:00",
        }),
    ]  # fmt: skip


def test_a_group_of_the_cloud_is_shown_first_and_done_when_said(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, {**PLAN, "applied": True})
    assert slipway("course", "group", "demo", "class of 26", "--role", "assistant", "--apply").err == "Done.\n"
    assert sent(server) == [("POST", "/group", {
        "group": "class of 26", "role": "assistant", "apply": True, "remove_others": False, "end_clusters": False,
    })]  # fmt: skip


def test_exceptions_of_a_student_are_taken_back(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(204)
    server.will_answer(200, LIMITS)
    assert slipway("course", "as-others", "demo", "ann").code == 0
    assert [call[:2] for call in sent(server)] == [("DELETE", "/limits/ann"), ("GET", "/limits")]
