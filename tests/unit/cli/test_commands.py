"""What the commands ask of the portal, and how they say what became of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import session
from launcher.paths import TOP
from tests.unit.cli.shapes import CLUSTER_ID, COST, COURSE, FAILURE, FOLDER_ID, OTHER_ID, cluster, folder, page

ESCAPE = "\x1b[2J\x1b]0;owned\x07"


def asked(server: Any) -> list[str]:
    return [f"{call.method} {call.path.removeprefix('/api/v1/')}" for call in server.calls]


def test_a_list_is_a_table_of_what_there_is(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(cluster()))
    done = slipway("cluster", "list")
    assert done.code == 0
    head, _, row = done.out.splitlines()
    assert head.split() == ["NAME", "STATUS", "OWNER", "WORKERS", "ENDS"]
    assert row.split()[:3] == ["flights", "ready", "alice"]
    assert server.calls[0].headers["Authorization"] == "Bearer t-1"
    states = ("creating", "ready", "updating", "deleting", "failed")
    assert asked(server) == [f"GET clusters?{'&'.join(f'status={state}' for state in states)}"]


def test_a_list_is_narrowed_by_the_portal(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, {**page(), "next": f"{server.url}/api/v1/clusters?owner=ann&cursor=x"})
    server.will_answer(200, page())
    slipway("cluster", "list", "--all", "--course", "demo", "--owner", "ann")
    assert asked(server)[1:] == [f"GET clusters?owner=ann&course={COURSE['id']}", "GET clusters?owner=ann&cursor=x"]


def test_with_json_it_is_what_the_api_says(server: Any, slipway: Any) -> None:
    rows = [cluster(), cluster(name="other", id=OTHER_ID)]
    server.will_answer(200, page(*rows))
    assert slipway("cluster", "list", "--json").json == rows


def test_an_empty_list_says_what_to_do_and_is_an_empty_array_for_programs(server: Any, slipway: Any) -> None:
    server.will_answer(200, page())
    server.will_answer(200, page())
    assert "slipway cluster create" in slipway("cluster", "list").err
    assert slipway("cluster", "list", "--json").json == []


def test_names_and_reasons_give_a_terminal_no_orders(server: Any, slipway: Any) -> None:
    hostile = cluster("failed", name=ESCAPE, owner=ESCAPE, failure=dict.fromkeys(FAILURE, ESCAPE))
    for command in ("list", "show"):
        for options in ((), ("--json",)):
            server.will_answer(200, page(hostile) if command == "list" else hostile)
            if command == "show":
                server.will_answer(200, COST)
            done = slipway("cluster", command, *(() if command == "list" else (CLUSTER_ID,)), *options)
            assert "owned" in done.out
            assert not {"\x1b", "\x07"} & set(done.out + done.err)


def test_a_refusal_in_hostile_words_gives_a_terminal_no_orders(server: Any, slipway: Any) -> None:
    server.will_answer(422, {"title": ESCAPE, "detail": "[red]no[/red]", "next": "", "errors": {ESCAPE: ESCAPE}})
    done = slipway("cluster", "show", CLUSTER_ID)
    assert "[red]no[/red]" in done.err
    assert not {"\x1b", "\x07"} & set(done.err)


@pytest.mark.parametrize(
    ("status", "code"), [(400, 3), (401, 6), (403, 3), (404, 4), (409, 3), (422, 3), (429, 3), (500, 5), (503, 5)]
)
def test_the_exit_status_says_what_kind_of_no_it_was(server: Any, slipway: Any, status: int, code: int) -> None:
    problem = {"title": "No", "status": status, "detail": "Because.", "next": "Do this."}
    server.will_answer(status, problem)
    done = slipway("cluster", "show", CLUSTER_ID, "--json")
    assert (done.code, done.out) == (code, "")
    assert json.loads(done.err) == problem


def test_a_portal_that_is_away_is_status_5(slipway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("SLIPWAY_URL", f"http://127.0.0.1:{port}")
    done = slipway("course", "list")
    assert done.code == 5
    assert "does not answer" in done.err


def test_without_a_token_it_says_how_to_log_in(slipway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPWAY_TOKEN")
    done = slipway("course", "list")
    assert done.code == 6
    assert "slipway login" in done.err


def test_without_an_address_it_says_what_is_missing(slipway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPWAY_URL")
    done = slipway("course", "list")
    assert done.code == 2
    assert "--url" in done.err


def test_an_address_that_is_none_is_told(slipway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_URL", "slipway.example.org")
    done = slipway("course", "list")
    assert done.code == 2
    assert "http" in done.err


def test_a_terminal_that_lacks_a_letter_shows_its_number(server: Any, home: Path) -> None:
    server.will_answer(200, page(cluster(name="東京")))
    command = [sys.executable, "-P", "-m", "cli.slipway_client", "cluster", "list"]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, check=True, capture_output=True, env=environment)
    assert rb"\u6771\u4eac" in done.stdout


@pytest.mark.parametrize(
    "words", [["frobnicate"], ["cluster"], ["cluster", "show"], ["cluster", "resize", "x"], ["cluster", "list", "--x"]]
)
def test_a_wrong_command_line_asks_nothing(server: Any, slipway: Any, words: list[str]) -> None:
    done = slipway(*words)
    assert (done.code, server.calls) == (2, [])
    assert "Usage: slipway" in done.err


def test_create_asks_for_what_was_said_under_a_key_of_its_own(server: Any, slipway: Any, tmp_path: Path) -> None:
    spec = tmp_path / "more.json"
    spec.write_text('{"hdfs": {"storage": "ephemeral"}}')
    server.will_answer(200, page(COURSE))
    server.will_answer(200, page(folder()))
    server.will_answer(202, cluster("creating"))
    done = slipway("cluster", "create", "flights", "--workers", "3", "--folder", "data:/data:ro", "--spec", str(spec))
    assert done.code == 0
    assert CLUSTER_ID in done.out
    made = server.calls[2]
    assert (made.method, made.path) == ("POST", "/api/v1/clusters")
    assert len(made.headers["Idempotency-Key"]) == 36
    assert json.loads(made.body) == {
        "hdfs": {"storage": "ephemeral"}, "course": COURSE["id"], "name": "flights", "framework": "spark",
        "workers": 3, "flavor": "small", "hours": 4,
        "folders": [{"folder": FOLDER_ID, "access": "ro", "path": "/data"}],
    }  # fmt: skip


def test_with_a_profile_only_what_was_said_is_asked_for(server: Any, slipway: Any) -> None:
    profile = {"id": OTHER_ID, "name": "lecture", "text": "", "spec": {}, "may_change": ["workers"]}
    for answer in (COURSE, profile):
        server.will_answer(200, page(answer))
    server.will_answer(202, cluster("creating"))
    assert slipway("cluster", "create", "x", "--profile", "lecture", "--workers", "3").code == 0
    assert json.loads(server.calls[2].body) == {
        "course": COURSE["id"], "name": "x", "profile": OTHER_ID, "workers": 3,
    }  # fmt: skip
    for answer in (COURSE, profile):
        server.will_answer(200, page(answer))
    done = slipway("cluster", "create", "x", "--profile", "practical")
    assert (done.code, "it has lecture" in done.err) == (4, True)


def test_a_create_that_got_no_answer_is_repeated_under_the_same_key(
    server: Any, slipway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 5.0)
    server.will_answer(200, page(COURSE))
    server.will_answer(503, {"title": "Busy"})
    server.will_answer(202, cluster("creating"))
    assert slipway("cluster", "create", "flights").code == 0
    first, second = server.calls[1:]
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.body == second.body


def test_a_change_is_repeated_under_the_same_key_too(
    server: Any, slipway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 5.0)
    server.will_answer(503, {"title": "Busy"})
    server.will_answer(202, cluster("updating"))
    assert slipway("cluster", "resize", CLUSTER_ID, "--workers", "3").code == 0
    assert len({call.headers["Idempotency-Key"] for call in server.calls}) == 1


def test_what_was_refused_for_its_number_is_sent_again_when_the_portal_says(
    server: Any, slipway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 5.0)
    server.will_answer(429, {"title": "Too many"}, **{"Retry-After": "1"})
    server.will_answer(202, cluster("updating"))
    assert slipway("cluster", "resize", CLUSTER_ID, "--workers", "3").code == 0
    assert len(server.calls) == 2


def test_a_wait_that_is_longer_than_one_has_patience_for_is_told(server: Any, slipway: Any) -> None:
    server.will_answer(429, {"title": "Too many"}, **{"Retry-After": "3600"})
    assert slipway("cluster", "show", CLUSTER_ID).code == 3


@pytest.mark.parametrize("use", ["data:rel", "data:/a:/b", "data:/a:rx"])
def test_a_folder_that_is_not_said_right_is_refused(server: Any, slipway: Any, use: str) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, page(folder()))
    done = slipway("cluster", "create", "x", "--folder", use)
    assert done.code == 2
    assert "FOLDER:/PATH:ro" in done.err


@pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
def test_a_spec_that_is_no_json_object_is_refused(server: Any, slipway: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "more.json").write_bytes(text.encode(errors="surrogateescape"))
    server.will_answer(200, page(COURSE))
    assert slipway("cluster", "create", "x", "--spec", str(tmp_path / "more.json")).code == 2


def test_who_is_in_several_courses_says_which(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE, {**COURSE, "id": OTHER_ID, "name": "other"}))
    done = slipway("cluster", "create", "x")
    assert done.code == 2
    assert "demo, other" in done.err


@pytest.mark.parametrize(
    ("words", "query", "rows"),
    [
        ("alice/flights", "name=flights&owner=alice", [cluster("deleted", id=OTHER_ID), cluster()]),
        ("flights", "name=flights", [cluster("deleted", id=OTHER_ID), cluster(), cluster("deleted", id=OTHER_ID)]),
        ("flights", "name=flights", [cluster("deleted"), cluster("deleted", id=OTHER_ID)]),
    ],
)
def test_a_cluster_is_found_by_its_name_and_what_there_is_goes_before_what_there_was(
    server: Any, slipway: Any, words: str, query: str, rows: list[Any]
) -> None:
    server.will_answer(200, page(*rows))
    server.will_answer(200, cluster())
    server.will_answer(200, COST)
    assert slipway("cluster", "show", words).code == 0
    assert asked(server)[:2] == [f"GET clusters?{query}", f"GET clusters/{CLUSTER_ID}"]


def test_a_cluster_is_shown_with_what_it_has_cost_where_it_costs_something(server: Any, slipway: Any) -> None:
    free = dict.fromkeys(COST, "0.000000")
    for said in (COST, free, COST):
        server.will_answer(200, cluster())
        server.will_answer(200, said)
    assert "21.6 credits, and 10.8 for each hour" in slipway("cluster", "show", CLUSTER_ID).out
    assert "Cost" not in slipway("cluster", "show", CLUSTER_ID).out
    assert slipway("cluster", "show", CLUSTER_ID, "--json").json == {**cluster(), **COST}


@pytest.mark.parametrize("text", ["", "alice/"])
def test_no_name_is_the_name_of_none(server: Any, slipway: Any, text: str) -> None:
    assert (slipway("cluster", "delete", text, "--yes").code, server.calls) == (4, [])


def test_of_several_clusters_ones_own_is_meant(server: Any, slipway: Any) -> None:
    for answer in (page(cluster(owner="bob", id=OTHER_ID), cluster()), {"username": "alice"}, cluster(), COST):
        server.will_answer(200, answer)
    assert slipway("cluster", "show", "flights").code == 0
    assert asked(server)[-2:] == [f"GET clusters/{CLUSTER_ID}", f"GET clusters/{CLUSTER_ID}/cost"]


def test_a_name_of_several_others_is_asked_back_and_one_of_nobody_is_not_found(server: Any, slipway: Any) -> None:
    for answer in (page(cluster(owner="bob", id=OTHER_ID), cluster()), {"username": "dora"}, page()):
        server.will_answer(200, answer)
    done = slipway("cluster", "show", "flights")
    assert done.code == 2
    assert f"bob/flights is {OTHER_ID}" in done.err
    assert slipway("cluster", "show", "flight").code == 4


def test_what_deletes_wants_a_word_where_nobody_can_be_asked(server: Any, slipway: Any) -> None:
    done = slipway("cluster", "delete", CLUSTER_ID)
    assert (done.code, server.calls) == (2, [])
    assert "--yes" in done.err
    server.will_answer(202, cluster("deleting", target="deleted"))
    assert slipway("cluster", "delete", CLUSTER_ID, "--yes").code == 0
    assert asked(server) == [f"DELETE clusters/{CLUSTER_ID}"]


def test_folders_are_made_grown_and_deleted(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    for state in ("creating", "growing", "deleting"):
        server.will_answer(202, folder(state))
    assert slipway("folder", "create", "data", "2", "--students-only-read").code == 0
    assert slipway("folder", "grow", FOLDER_ID, "4").code == 0
    assert slipway("folder", "delete", FOLDER_ID, "--yes").code == 0
    bodies = [json.loads(call.body) if call.body else None for call in server.calls[1:]]
    assert bodies[0] == {
        "course": COURSE["id"], "name": "data", "size_gb": 2, "share_type": "", "access_for_students": "ro",
    }  # fmt: skip
    assert bodies[1:] == [{"size_gb": 4}, None]
