"""The bundle of what runs in a node: made by `cloudinit.bundle.build`, once, into the cache."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from launcher import environments
from launcher.environments import python_of
from launcher.paths import Paths
from launcher.problem import Problem


def version(paths: Paths, portal: Path) -> str:
    """The version that this checkout's inputs give, without building anything."""
    code = "from cloudinit.bundle.build import version; print(version())"
    done = subprocess.run(
        [str(python_of(portal)), "-c", code], check=False, cwd=paths.top, capture_output=True, text=True
    )
    if done.returncode:
        raise Problem("the bundle's version cannot be told", done.stderr.strip(), "is the checkout whole?")
    return done.stdout.strip()


def ensure(paths: Paths, portal: Path, say: Callable[[str], None]) -> Path:
    """The bundle's folder, built where it is not there; the builder's own lines are shown as they come."""
    uv = environments.ensure(paths, "bootstrap", say) / "bin" / "uv"
    command = [str(python_of(portal)), "-u", "-m", "cloudinit.bundle.build", "--cache", str(paths.cache)]
    command += ["--python", str(environments.interpreter()), "--uv", str(uv)]
    environment = {**os.environ, **environments.uv_variables(paths)}
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=paths.top,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as builder:
        assert builder.stdout is not None
        for line in builder.stdout:
            lines.append(line.rstrip())
            say(lines[-1])
    if builder.returncode:
        raise Problem(
            "the bundle could not be built",
            "\n        ".join(lines[-12:]),
            "correct the cause and run this again: what is there already is kept",
        )
    return paths.cache / "bundle" / version(paths, portal)
