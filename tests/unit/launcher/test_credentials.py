"""Secrets and logins: made once, for their owner only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launcher import credentials
from launcher.problem import Problem


def test_it_makes_logins_once_and_keeps_them(tmp_path: Path) -> None:
    file = tmp_path / "logins.json"
    first = credentials.logins(file)
    assert set(first) == {"student", "student2", "outsider", "teacher", "admin"}
    assert len(set(first.values())) == len(first)
    assert credentials.logins(file) == first
    assert json.loads(file.read_text()) == first


def test_it_lets_nobody_else_read_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    credentials.server_secrets(file)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    credentials.server_secrets(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_gives_secrets_the_length_that_heat_and_django_ask_for(tmp_path: Path) -> None:
    made = credentials.server_secrets(tmp_path / "secrets.json")
    assert len(made["heat_encryption_key"]) == 32
    assert len(made["django"]) >= 50


def test_it_adds_what_an_older_home_lacks_and_keeps_what_it_has(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text('{"heat": "kept"}')
    made = credentials.server_secrets(file)
    assert made["heat"] == "kept"
    assert set(made) == set(credentials.SECRETS)


@pytest.mark.parametrize("content", ["{", "[]", '{"student": 5}', '{"student": ""}'])
def test_it_never_overwrites_a_damaged_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "logins.json"
    file.write_text(content)
    with pytest.raises(Problem):
        credentials.logins(file)
    assert file.read_text() == content


def test_it_puts_each_login_but_the_administrators_into_a_course() -> None:
    members = [name for _, course in credentials.COURSES.values() for name in course]
    assert sorted([*members, "admin"]) == sorted(credentials.LOGINS)
