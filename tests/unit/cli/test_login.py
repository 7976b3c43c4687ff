"""Logging in from the command line, and the completion of shells."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client.commands import login
from launcher.paths import TOP
from tests.unit.cli.shapes import COURSE, page


@pytest.fixture
def nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of log-ins of somebody who has none."""
    for name in ("SLIPWAY_URL", "SLIPWAY_TOKEN"):
        monkeypatch.delenv(name)
    return home / ".config" / "slipway" / "logins.json"


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_log_in_is_kept_for_the_commands_that_follow(
    server: Any, slipway: Any, nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will_answer(201, {"token": "t-7", "id": "i-7", "expires_at": "2026-11-22T00:00:00Z"})
    server.will_answer(200, page(COURSE))
    type_in(monkeypatch, "pass wörd\n")
    assert slipway("login", "alice", "--url", f"{server.url}/", "--password-stdin").code == 0
    assert slipway("course", "list", "--json").json == [COURSE]
    assert json.loads(server.calls[0].body) == {"username": "alice", "password": "pass wörd"}
    assert server.calls[1].headers["Authorization"] == "Bearer t-7"
    assert stat.S_IMODE(nobody.stat().st_mode) == 0o600
    assert "pass" not in nobody.read_text()
    server.will_answer(204, b"")
    assert slipway("logout").code == 0
    assert (server.calls[2].method, server.calls[2].path) == ("DELETE", "/api/v1/auth/tokens/i-7")
    assert "t-7" not in nobody.read_text()
    assert slipway("course", "list").code == 2


def test_whoever_logs_out_of_a_portal_that_is_away_is_logged_out_here(
    server: Any, slipway: Any, nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will_answer(201, {"token": "t-7", "id": "i-7", "expires_at": "2026-11-22T00:00:00Z"})
    type_in(monkeypatch, "pass\n")
    slipway("login", "alice", "--url", server.url, "--password-stdin")
    server.will_answer(503, {"title": "Away"})
    done = slipway("logout")
    assert (done.code, "Away" in done.err) == (0, True)
    assert "t-7" not in nobody.read_text()


def test_a_log_in_is_sent_once(server: Any, slipway: Any, nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes a token, and nobody has a key before they are somebody."""
    monkeypatch.setattr(login, "PATIENCE_SECONDS", 5.0)
    server.will_answer(503, {"title": "Busy"})
    type_in(monkeypatch, "pass\n")
    assert slipway("login", "alice", "--url", server.url, "--password-stdin").code == 5
    assert len(server.calls) == 1
    assert "Idempotency-Key" not in server.calls[0].headers


def test_a_wrong_password_is_status_6_and_keeps_nothing(
    server: Any, slipway: Any, nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will_answer(401, {"title": "Name or password is wrong"})
    type_in(monkeypatch, "wrong\n")
    assert slipway("login", "alice", "--url", server.url, "--password-stdin").code == 6
    assert not nobody.exists()


@pytest.mark.parametrize("words", [[], ["--url", "ftp://x"], ["--url", "http://127.0.0.1:1"]])
def test_what_cannot_be_a_log_in_is_a_wrong_command_line(
    slipway: Any, nobody: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "")
    assert slipway("login", *words).code == 2


def test_a_password_on_an_open_way_is_warned_of(
    slipway: Any, nobody: Path, monkeypatch: pytest.MonkeyPatch, server: Any
) -> None:
    type_in(monkeypatch, "x\n")
    # No address of loopback by its name, and nobody listens there.
    done = slipway("login", "alice", "--url", "http://0.0.0.0:1", "--password-stdin")
    assert done.code == 5
    assert "not encrypted" in done.err


def test_bash_completes_verbs_and_options(tmp_path: Path, slipway: Any) -> None:
    """By the script itself, in a real bash."""
    program = tmp_path / "slipway"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={TOP} exec {sys.executable} -P -m cli.slipway_client "$@"\n')
    program.chmod(0o755)
    script = tmp_path / "completion"
    script.write_text(slipway("completion", "bash").out)

    def completed(*words: str) -> list[str]:
        line = " ".join(words)
        ask = f'COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _slipway_completion slipway; echo "${{COMPREPLY[*]}}"'
        done = subprocess.run(
            ["bash", "--norc", "-c", f"source {script}; {ask}"],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        )
        return done.stdout.split()

    assert completed("slipway", "clu") == ["cluster"]
    assert completed("slipway", "cluster", "re") == ["repair", "resize"]
    assert "--dry-run" in completed("slipway", "cluster", "create", "--d")


def test_zsh_is_told_verbs_with_what_they_do(slipway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    script = slipway("completion", "zsh").out
    assert script.startswith("#compdef slipway\n")
    asked = {"_SLIPWAY_COMPLETE": "zsh_complete", "COMP_WORDS": "slipway clu", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli.slipway_client"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **asked, "PYTHONPATH": str(TOP)},
    )
    assert done.stdout.splitlines()[:2] == ["plain", "cluster"]
