"""A Docker engine of a test's own: all that it has lies in one folder, and ends with it.

It makes no rule of the machine's firewall and no bridge of its own; networks that are asked of it are plain bridges.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START_SECONDS, STOP_SECONDS = 60.0, 60.0
PROGRAM = "dockerd"
APART = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false")


@contextlib.contextmanager
def docker_engine(parent: Path | None = None) -> Iterator[str]:
    """The engine's address, as DOCKER_HOST has it. `parent`: where its folder is made; images take some gigabytes."""
    assert shutil.which(PROGRAM), f"there is no {PROGRAM}: apt-get install docker.io"
    assert os.geteuid() == 0, "an engine can be started by root only"
    # Short, as a socket's path must be; not below TMPDIR, which may lie in memory.
    with tempfile.TemporaryDirectory(prefix="slw-docker-", dir=parent or "/var/tmp") as name:
        folder = Path(name)
        address = f"unix://{folder / 'docker.sock'}"
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "docker.pid"}
        words = [f"--{option}={folder / place}" for option, place in places.items()]
        with (folder / "log").open("wb") as log:
            engine = subprocess.Popen(
                [PROGRAM, *words, f"--host={address}", *APART],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _wait(engine, address, folder)
            yield address
        finally:
            _end(engine, address)
            _unmount(folder)


def _wait(engine: subprocess.Popen[bytes], address: str, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while docker(address, "version", check=False).returncode:
        assert engine.poll() is None, (folder / "log").read_text(errors="replace")[-3000:]
        assert time.monotonic() < deadline, f"no engine after {START_SECONDS:.0f} s"
        time.sleep(0.1)


def _end(engine: subprocess.Popen[bytes], address: str) -> None:
    """Whatever a test left ends first: the engine would leave it running or mounted."""
    if engine.poll() is None:
        left = docker(address, "ps", "--all", "--quiet").stdout.split()
        if left:
            docker(address, "rm", "--force", "--volumes", *left)
        networks = docker(address, "network", "ls", "--quiet", "--filter=type=custom").stdout.split()
        if networks:
            docker(address, "network", "rm", *networks)
    engine.terminate()
    try:
        engine.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


def _unmount(folder: Path) -> None:
    """What an engine leaves mounted: the machine's network namespace, where a container or a build had that."""
    points = [Path(line.split()[4]) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((point for point in points if point.is_relative_to(folder)), reverse=True):
        subprocess.run(["umount", str(point)], check=True)


def docker(address: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """`docker WORDS` at that engine."""
    done = subprocess.run(
        ["docker", *words],
        check=False,
        env={**os.environ, "DOCKER_HOST": address},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert not check or done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done
