"""The Python environments: made by uv from hash-pinned files, kept in the cache, shared by clones and homes.

An environment is a folder `environments/NAME-<hash of its file and interpreter>`. It is built in place, under a lock,
and counts only once its `complete` marker is there; without the marker it is removed and built anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from launcher import system
from launcher.files import human_size, locked, size_of, write_atomically
from launcher.paths import Paths
from launcher.problem import Problem

REQUIREMENTS = {
    "portal": "requirements.txt",
    "test": "requirements-test.txt",
    "minicloud": "minicloud/requirements.txt",
    "bootstrap": "requirements-bootstrap.txt",
}
MARKER = "complete"


def interpreter() -> Path:
    """The bare interpreter below whatever environment runs us: the one that the bootstrap chose."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Path(base).resolve()


def folder(paths: Paths, name: str) -> Path:
    """Where environment NAME of this checkout stands, built or not."""
    file = paths.top / REQUIREMENTS[name]
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise Problem(
            f"{file} is missing",
            "the checkout is not whole",
            "`git checkout` that file",
        ) from error
    key = b"\0".join([content, os.fsencode(interpreter()), sys.version.encode()])
    return paths.cache / "environments" / f"{name}-{hashlib.sha256(key).hexdigest()[:12]}"


def python_of(environment: Path) -> Path:
    return environment / "bin" / "python"


def is_complete(environment: Path) -> bool:
    return (environment / MARKER).exists()


def describe(environment: Path) -> str:
    """What was noted when it was completed: "74 packages, 251 MB"."""
    return (environment / MARKER).read_text(encoding="utf-8").strip()


def ensure(paths: Paths, name: str, say: Callable[[str], None]) -> Path:
    """The folder of environment NAME, built if it is not there. Problem when it cannot be built."""
    environment = folder(paths, name)
    if is_complete(environment):
        return environment
    uv_environment = environment if name == "bootstrap" else ensure(paths, "bootstrap", say)
    lock = environment.with_name(environment.name + ".lock")
    with locked(
        lock,
        lambda holder: say(f"waiting for {holder}, which makes the {name} environment"),
    ) as held:
        if is_complete(environment):
            return environment
        if environment.exists():
            shutil.rmtree(environment)
        say(f"making the {name} environment from {REQUIREMENTS[name]} (downloads from the package index)")
        if name == "bootstrap":
            _build_with_pip(paths, environment, held, say)
        else:
            _build_with_uv(paths, environment, name, uv_environment / "bin" / "uv", held)
        count = len(list(environment.glob("lib/python3.*/site-packages/*.dist-info")))
        write_atomically(
            environment / MARKER,
            f"{count} packages, {human_size(size_of(environment))}\n",
        )
    return environment


def uv_variables(paths: Paths) -> dict[str, str]:
    """uv keeps its downloads in our cache; all else of uv's configuration is the user's."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return {
        "UV_CACHE_DIR": str(paths.cache / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        **kept,
    }


def can_make_venv() -> bool:
    """Debian ships Python without the pip that a new environment begins with."""
    return importlib.util.find_spec("ensurepip") is not None


def _build_with_pip(paths: Paths, environment: Path, held: int, say: Callable[[str], None]) -> None:
    if not can_make_venv():
        system.install([f"python{sys.version_info.major}.{sys.version_info.minor}-venv"], say)
    _run([str(interpreter()), "-m", "venv", str(environment)], paths, held, "venv")
    requirements = str(paths.top / REQUIREMENTS["bootstrap"])
    options = [
        "--quiet",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    _run(
        [
            str(python_of(environment)),
            "-m",
            "pip",
            "install",
            *options,
            "-r",
            requirements,
        ],
        paths,
        held,
        "pip",
    )


def _build_with_uv(paths: Paths, environment: Path, name: str, uv: Path, held: int) -> None:
    _run(
        [str(uv), "venv", "--quiet", "--python", str(interpreter()), str(environment)],
        paths,
        held,
        "uv",
    )
    options = [
        "--quiet",
        "--system-certs",
        "--require-hashes",
        "--python",
        str(python_of(environment)),
    ]
    requirements = str(paths.top / REQUIREMENTS[name])
    _run([str(uv), "pip", "install", *options, "-r", requirements], paths, held, "uv")


def _run(command: Sequence[str], paths: Paths, held: int, tool: str) -> None:
    """Run a builder; it shares the lock, so that it still holds should we be killed before it ends."""
    done = subprocess.run(
        command,
        check=False,
        env=uv_variables(paths),
        cwd=paths.top,
        pass_fds=[held],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        tail = "\n        ".join(done.stdout.strip().splitlines()[-12:])
        raise Problem(
            f"{tool} could not make a Python environment",
            tail or f"exit status {done.returncode}",
            "check the network and the disk (`./slipway doctor`), then run this again: it begins anew",
        )
