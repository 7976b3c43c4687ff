"""Whose token goes where."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.slipway_client import logins
from cli.slipway_client.logins import Login, LoginsError, current, file_of, forget, remember

HERE, UNI = "http://127.0.0.1:8000", "https://slipway.example.org"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


@pytest.fixture
def file(environment: dict[str, str]) -> Path:
    return file_of(environment)


def test_nobody_is_logged_in_at_first(environment: dict[str, str]) -> None:
    assert current(environment) == Login("")


def test_the_file_is_for_its_owner_alone_and_whole(file: Path) -> None:
    remember(file, Login(HERE, "t-1", "alice"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_the_last_log_in_is_who_one_is(file: Path, environment: dict[str, str]) -> None:
    remember(file, Login(HERE, "t-1", "alice"))
    remember(file, Login(UNI, "t-2", "bob"))
    assert current(environment) == Login(UNI, "t-2", "bob")
    assert current({**environment, "SLIPWAY_URL": f"{HERE}/"}) == Login(HERE, "t-1", "alice")


def test_a_token_goes_to_no_other_portal(file: Path, environment: dict[str, str]) -> None:
    remember(file, Login(HERE, "t-1", "alice"))
    assert current({**environment, "SLIPWAY_URL": UNI}) == Login(UNI)


def test_the_environment_goes_before_the_file(file: Path, environment: dict[str, str]) -> None:
    remember(file, Login(HERE, "t-1", "alice"))
    assert current({**environment, "SLIPWAY_URL": UNI, "SLIPWAY_TOKEN": "t-9"}) == Login(UNI, "t-9")


def test_the_portal_beside_the_launcher_is_meant_where_nobody_says_another(
    file: Path, environment: dict[str, str]
) -> None:
    beside = {**environment, "SLIPWAY_URL_HERE": HERE}
    assert current(beside) == Login(HERE)
    remember(file, Login(UNI, "t-2", "bob"))
    assert current(beside) == Login(UNI, "t-2", "bob")


def test_what_is_forgotten_is_gone(file: Path, environment: dict[str, str]) -> None:
    remember(file, Login(HERE, "t-1", "alice"))
    forget(file, HERE)
    assert "t-1" not in file.read_text()
    assert current(environment) == Login("")


def test_a_file_that_others_can_read_is_refused(file: Path, environment: dict[str, str]) -> None:
    remember(file, Login(HERE, "t-1", "alice"))
    file.chmod(0o640)
    with pytest.raises(LoginsError, match="chmod 600"):
        current(environment)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"current": "x"}', '{"current": "x", "portals": 3}'])
def test_a_damaged_file_is_told(file: Path, environment: dict[str, str], text: str) -> None:
    logins.write(file, {})
    file.write_text(text)
    with pytest.raises(LoginsError, match="damaged"):
        current(environment)
