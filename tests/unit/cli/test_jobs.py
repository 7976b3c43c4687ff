"""Jobs from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import session
from cli.slipway_client.following import news
from tests.unit.cli.shapes import CLUSTER_ID, JOB_ID, job, page


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "flights.py"
    file.write_text("print(1)\n")
    return file


def test_what_follows_the_program_is_the_programs(server: Any, slipway: Any, program: Path) -> None:
    server.will_answer(202, job("queued"))
    done = slipway("job", "submit", "--file", str(program), CLUSTER_ID, str(program), "--json", "-x", "a b")
    assert (done.code, done.out) == (0, f"{JOB_ID}\n")
    body = server.calls[0].body.decode()
    assert '["--json", "-x", "a b"]' in body
    assert body.count("filename*=UTF-8''flights.py") == 2


def test_a_program_that_is_not_there_is_a_wrong_command_line(server: Any, slipway: Any, tmp_path: Path) -> None:
    assert slipway("job", "submit", CLUSTER_ID, str(tmp_path / "none.py")).code == 2
    assert server.calls == []


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1), ("cancelled", 1)])
def test_the_log_is_followed_to_the_jobs_end_which_is_the_exit_status(
    server: Any, slipway: Any, program: Path, status: str, code: int
) -> None:
    server.will_answer(202, job("queued"))
    for state, log in (("queued", b""), ("running", b"one\ntw"), (status, b"one\ntwo\n")):
        server.will_answer(200, job(state, reason="Because."))
        server.will_answer(200, log)
    done = slipway("job", "submit", "--follow", CLUSTER_ID, str(program))
    assert (done.code, done.out) == (code, "one\ntwo\n")
    assert ("Because." in done.err) == bool(code)


def test_for_programs_the_log_comes_in_parts_and_the_job_last(server: Any, slipway: Any) -> None:
    for state, log in (("running", b"one\n"), ("succeeded", b"one\ntwo\n")):
        server.will_answer(200, job(state))
        server.will_answer(200, log)
    assert slipway("job", "logs", JOB_ID, "--follow", "--json").events == [{"log": "one\n"}, {"log": "two\n"}, job()]


def test_a_portal_that_restarts_does_not_end_the_following(server: Any, slipway: Any) -> None:
    server.will_answer(200, job("running"))
    server.will_answer(503, {"title": "Restart"})
    server.will_answer(200, job())
    server.will_answer(200, b"all\n")
    assert slipway("job", "logs", JOB_ID, "--follow").out == "all\n"


@pytest.mark.parametrize(
    ("seen", "now", "new"),
    [
        ("", "", ""),
        ("one\n", "one\n", ""),
        ("one\n", "one\ntwo\n", "two\n"),
        ("head" + "x" * 5000 + "end", "head[... left out ...]" + "x" * 3000 + "end" + "new", "new"),
        ("head" + "x" * 5000 + "end", "head[... left out ...]later", "head[... left out ...]later"),
    ],
)
def test_only_what_is_new_is_shown_of_a_log(seen: str, now: str, new: str) -> None:
    assert news(seen, now) == new


def test_the_output_is_listed_or_fetched_and_tricks_are_refused(server: Any, slipway: Any, tmp_path: Path) -> None:
    rows = page(
        {"path": "a/ü.csv", "size": 3, "uploaded": True},
        {"path": "../../evil", "size": 3, "uploaded": True},
        {"path": "big", "size": 5_000_000_000, "uploaded": False},
    )
    server.will_answer(200, rows)
    assert "too large" in slipway("job", "output", JOB_ID).out
    server.will_answer(200, rows)
    server.will_answer(200, b"1,2")
    to = tmp_path / "deep" / "er"
    done = slipway("job", "output", JOB_ID, "--to", str(to))
    assert done.code == 1
    assert (to / "a" / "ü.csv").read_bytes() == b"1,2"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [to / "a" / "ü.csv"]
    assert "evil" in done.err
    assert "5.0 GB" in done.err


def test_a_file_that_is_there_is_replaced_only_by_force(server: Any, slipway: Any, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    rows = page({"path": "x", "size": 3, "uploaded": True})
    server.will_answer(200, rows)
    assert slipway("job", "output", JOB_ID, "--to", str(tmp_path)).code == 1
    assert (tmp_path / "x").read_text() == "mine"
    server.will_answer(200, rows)
    server.will_answer(200, b"new")
    assert slipway("job", "output", JOB_ID, "--to", str(tmp_path), "--force").code == 0
    assert (tmp_path / "x").read_text() == "new"


def test_a_job_is_cancelled(server: Any, slipway: Any) -> None:
    server.will_answer(200, job("cancelled"))
    assert slipway("job", "cancel", JOB_ID).out == f"{JOB_ID}: cancelled\n"
    assert (server.calls[0].method, server.calls[0].path) == ("POST", f"/api/v1/jobs/{JOB_ID}/cancel")


def test_a_job_that_got_no_answer_is_sent_again_whole_under_the_same_key(
    server: Any, slipway: Any, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 5.0)
    server.will_answer(503, {"title": "Restart"})
    server.will_answer(202, job("queued"))
    assert slipway("job", "submit", CLUSTER_ID, str(program)).code == 0
    first, second = server.calls
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.body == second.body != b""
