"""A wrong setting stops the start with a message that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[3]


def start(words: str = "import portal.settings", **changes: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in {**os.environ, **changes}.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", words],
        cwd=TOP,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_right_settings_start() -> None:
    assert start().returncode == 0


def test_all_that_is_missing_or_wrong_is_named_at_once() -> None:
    done = start(SLIPWAY_SECRET_KEY="short", SLIPWAY_URL="portal", OS_PASSWORD=None)
    assert done.returncode != 0
    for name in ("SLIPWAY_SECRET_KEY", "SLIPWAY_URL", "OS_PASSWORD"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_none_is_named() -> None:
    done = start(SLIPWAY_DATABASE_URL="what is this")
    assert "SLIPWAY_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    key, password = tmp_path / "key", tmp_path / "password"
    key.write_text("k" * 40 + "\n")
    password.write_text("it's a \\ secret\n")
    files = {"SLIPWAY_SECRET_KEY_FILE": str(key), "SLIPWAY_DATABASE_PASSWORD_FILE": str(password)}
    more = {"SLIPWAY_REDIS_URL": "redis://redis:6379/0", "SLIPWAY_REDIS_PASSWORD_FILE": str(password)}
    words = "; ".join(
        (
            "from portal import settings",
            "print(settings.SECRET_KEY, settings.DATABASES['default']['PASSWORD'], settings.CELERY_BROKER_URL)",
        )
    )
    done = start(words, SLIPWAY_SECRET_KEY=None, **files, **more)
    expected = ("k" * 40, "it's a \\ secret", "redis://:it%27s%20a%20%5C%20secret@redis:6379/0")
    assert done.stdout.strip() == " ".join(expected), done.stderr


def test_a_secrets_file_that_is_not_there_is_named() -> None:
    done = start(SLIPWAY_SECRET_KEY=None, SLIPWAY_SECRET_KEY_FILE="/nonexistent/key")
    assert "SLIPWAY_SECRET_KEY_FILE: cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
