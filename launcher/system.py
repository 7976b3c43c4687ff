"""What comes from the system's package manager: as root installed after saying so, else named in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from launcher.problem import Problem


def install_line(packages: Sequence[str]) -> str:
    """What a person types; `update` first, as a fresh image has no lists of packages."""
    return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(packages)}"


def missing_packages_problem(packages: Sequence[str]) -> Problem:
    return Problem(
        f"missing from this system: {', '.join(packages)}",
        "only root can install them",
        f"install them, then run this again: {install_line(packages)}",
    )


def install(packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Install Debian packages; says which first. Problem for a normal user, without apt-get, or when apt-get fails."""
    if os.geteuid() != 0:
        raise missing_packages_problem(packages)
    if not shutil.which("apt-get"):
        raise Problem(
            f"missing from this system: {', '.join(packages)}",
            "there is no apt-get to install them with",
            "install them with this system's own package manager, then run this again",
        )
    say(f"installing {', '.join(packages)} by apt-get (up to 300 MB to download)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    _apt(["dpkg", "--configure", "-a"], environment)  # what an interrupted installation left
    _apt(["apt-get", *wait, "update"], environment)
    _apt(
        ["apt-get", *wait, "install", "-y", "--no-install-recommends", *packages],
        environment,
    )


def _apt(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # our Ctrl-C must not cut dpkg off in the middle
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-8:])
        raise Problem(
            f"`{' '.join(command)}` failed",
            tail,
            "repair apt's trouble, then run this again",
        )
