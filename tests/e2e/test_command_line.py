"""A person at a shell goes the whole way by `./slipway`, with a log-in of their own; and the package stands alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launcher.paths import TOP
from launcher.testing import Embedded

COPY_JOB = Path(__file__).parent / "copy_job.py"
Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(house: Embedded, tmp_path: Path) -> Shell:
    """Run `./slipway WORDS` in a folder of the person's own; what it says, with the exit status it must have."""
    mine = {"SLIPWAY_HOME": str(house.home), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    without = ("SLIPWAY_URL", "SLIPWAY_TOKEN")
    environment = {name: value for name, value in os.environ.items() if name not in without} | mine

    def run(*words: str, status: int = 0, said: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(TOP / "slipway"), *words],
            check=False, cwd=tmp_path, env=environment, input=said, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


def test_the_whole_way_from_a_shell(shell: Shell, house: Embedded, tmp_path: Path) -> None:
    shell("course", "list", status=6)
    shell("login", "student2", "--password-stdin", status=6, said="wrong\n")
    shell("login", "student2", "--password-stdin", said=f"{house.logins['student2']}\n")
    (course,) = json.loads(shell("course", "list", "--json").stdout)
    assert course["name"] == "demo"
    small = ("--workers", "1", "--hours", "1", "--json")
    dry = json.loads(shell("cluster", "create", "a shell's", *small, "--dry-run").stdout)
    assert (dry["price"]["fits"], dry["request"]["body"]["course"]) == (True, course["id"])
    assert "a shell's" not in shell("cluster", "list", "--all").stdout
    made = json.loads(shell("cluster", "create", "a shell's", *small).stdout)
    watched = [json.loads(line) for line in shell("cluster", "watch", "a shell's", "--json").stdout.splitlines()]
    assert len(watched) > 3
    assert (watched[-1]["id"], watched[-1]["status"]) == (made["id"], "ready")
    assert "a shell's" in shell("cluster", "list").stdout
    longer = json.loads(shell("cluster", "extend", "a shell's", "1", "--json").stdout)
    assert longer["expires_at"] > made["expires_at"]

    (tmp_path / "a b.txt").write_text("this is a b")
    sent = shell("job", "submit", "--follow", "--file", "a b.txt", "a shell's", str(COPY_JOB), "--json", "x y")
    (job,) = json.loads(shell("job", "list", "a shell's", "--json").stdout)
    assert (job["status"], job["arguments"]) == ("succeeded", ["--json", "x y"])
    assert shell("job", "logs", job["id"]).stdout == sent.stdout
    shell("job", "output", job["id"], "--to", "results")
    assert (tmp_path / "results" / "copies" / "a b.txt").read_text() == "this is a b"

    _cancel_one_that_runs(shell, tmp_path)
    assert json.loads(shell("cluster", "delete", "a shell's", "--yes", "--json").stdout)["target"] == "deleted"
    assert shell("cluster", "watch", made["id"]).stdout == "a shell's: deleted\n"
    shell("logout")
    shell("course", "list", status=6)


def _cancel_one_that_runs(shell: Shell, tmp_path: Path) -> None:
    """Its program is really stopped: the next job has its turn, which would else wait for ten minutes."""
    (tmp_path / "sleeps.py").write_text("import time\nprint('it sleeps', flush=True)\ntime.sleep(600)\n")
    (tmp_path / "next.py").write_text("print('and the next one runs')\n")
    sleeper = shell("job", "submit", "a shell's", "sleeps.py").stdout.strip()
    following = shell("job", "submit", "a shell's", "next.py").stdout.strip()
    _wait_for_log(shell, sleeper, "it sleeps")
    cancelled: dict[str, Any] = json.loads(shell("job", "cancel", sleeper, "--json").stdout)
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "student2 cancelled it.")
    assert "and the next one runs" in shell("job", "logs", following, "--follow", "--seconds", "120").stdout
    shell("job", "logs", sleeper, "--follow", status=1)


def _wait_for_log(shell: Shell, job: str, text: str) -> None:
    for _ in range(100):
        if text in shell("job", "logs", job).stdout:
            return
    raise AssertionError(f"the job never said {text!r}")


def test_the_package_stands_alone(tmp_path: Path) -> None:
    """pip installs it with what it names itself, and nothing of the checkout is there to help."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "own")], check=True)
    # Its own copy: a build leaves its traces beside what it builds.
    source = tmp_path / "cli"
    subprocess.run(["cp", "-r", str(TOP / "cli"), str(source)], check=True)
    programs = tmp_path / "own" / "bin"
    pip = [str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", str(source)]
    subprocess.run(pip, check=True, cwd=tmp_path)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True)

    told = run(str(programs / "slipway"), "--help")
    assert told.returncode == 0, told.stderr
    assert "cluster" in told.stdout
    assert run(str(programs / "slipway"), "cluster", "create", "--help").returncode == 0
    assert run(str(programs / "slipway"), "course", "list").returncode == 2
    imported = run(str(programs / "python"), "-c", "import slipway_client; print(slipway_client.Client)")
    assert imported.stdout == "<class 'slipway_client.client.Client'>\n", imported.stderr
