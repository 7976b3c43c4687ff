"""The bundle of what runs in a node: made by `cloudinit.bundle.build`, once, into the cache."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path

from launcher import environments
from launcher.environments import python_of
from launcher.paths import Paths
from launcher.problem import Problem


def ensure(paths: Paths, portal: Path, say: Callable[[str], None], held: Collection[int] = ()) -> Path:
    """The bundle's folder, built where it is not there; the builder's own lines are shown as they come.

    `held`: descriptors of locks that are to hold until the builder has ended, should we be killed.
    """
    uv = environments.ensure(paths, "bootstrap", say) / "bin" / "uv"
    command = [str(python_of(portal)), "-u", "-m", "cloudinit.bundle.build", "--cache", str(paths.cache)]
    command += ["--python", str(environments.interpreter()), "--uv", str(uv)]
    environment = {**os.environ, **environments.uv_variables(paths)}
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=paths.top,
        env=environment,
        pass_fds=held,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as builder:
        assert builder.stdout is not None
        for line in builder.stdout:
            lines.append(line.rstrip())
            # Its last line is no news but the folder.
            if len(lines) > 1:
                say(lines[-2])
    if builder.returncode or not lines:
        raise Problem(
            "the bundle could not be built",
            "\n        ".join(lines[-12:]),
            "correct the cause and run this again: what is there already is kept",
        )
    return Path(lines[-1])
