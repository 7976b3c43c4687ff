"""The programs that make an image."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from launcher.problem import Problem


def run(command: Sequence[str], what: str, **more: str) -> str:
    """Run a program to its end; its output. Problem with its last lines where it fails."""
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", **more},
    )
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise Problem(f"{what} failed", tail, "correct the cause, then run this again")
    return done.stdout
