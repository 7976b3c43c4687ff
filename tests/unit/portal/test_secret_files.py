"""Secrets in files: read, or refused by the name of the variable; in no file they stay where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal import secret_files


def test_a_file_takes_the_place_of_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "database_password"
    file.write_text("s3cret:/?\n")
    found, wrong = secret_files.read({"SLIPWAY_DATABASE_PASSWORD_FILE": str(file), "OTHER_FILE": "/nonexistent"})
    assert (found, wrong) == ({"SLIPWAY_DATABASE_PASSWORD": "s3cret:/?"}, {})


def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    given = {"OS_PASSWORD_FILE": str(tmp_path), "SLIPWAY_MAIL_URL_FILE": str(tmp_path / "binary")}
    found, wrong = secret_files.read({**given, "SLIPWAY_SECRET_KEY_FILE": "/nonexistent"})
    assert found == {}
    assert set(wrong) == {*given, "SLIPWAY_SECRET_KEY_FILE"}
    assert all(why.startswith("cannot be read") for why in wrong.values())


def test_a_secret_that_is_said_twice_and_differently_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("one\n")
    said = {"OS_PASSWORD_FILE": str(file)}
    assert secret_files.read({**said, "OS_PASSWORD": "one"}) == ({"OS_PASSWORD": "one"}, {})
    _, wrong = secret_files.read({**said, "OS_PASSWORD": "two"})
    assert "one of them is enough" in wrong["OS_PASSWORD_FILE"]


@pytest.mark.parametrize(
    ("url", "password", "expected"),
    [
        ("redis://redis:6379/0", "", "redis://redis:6379/0"),
        ("redis://redis:6379/0", "a/b@c", "redis://:a%2Fb%40c@redis:6379/0"),
        ("rediss://portal:old@redis/0", "new", "rediss://portal:new@redis/0"),
        ("unix:///run/redis.sock", "p", "unix://:p@/run/redis.sock"),
    ],
)
def test_a_password_goes_into_the_address(url: str, password: str, expected: str) -> None:
    assert secret_files.with_password(url, password) == expected
