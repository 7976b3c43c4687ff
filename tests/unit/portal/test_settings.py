"""A wrong setting stops the start with a message that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[3]


def start(**changes: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in {**os.environ, **changes}.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
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
