"""The disk fills up while `up` is at work: it says so, and goes on once there is space."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.paths import TOP
from tests.e2e.minicloud_harness import until


class SmallDisk:
    """A disk in memory, mounted at a folder for those alone who run by it: in a mount namespace of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        mine = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
        mount = f"mount -t tmpfs -o size=100m,mode=0711 none '{folder}' && echo done"
        resize = f"while read size; do mount -o remount,size=$size '{folder}' && echo done; done"
        self.keeper = subprocess.Popen(
            ["unshare", *mine, "--mount", "sh", "-c", f"{mount}\n{resize}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._expect_done()
        self.home = folder / "home"
        self.seen = Path(f"/proc/{self.keeper.pid}/root{self.home}")

    def inside(self, *command: str) -> list[str]:
        into = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", f"--target={self.keeper.pid}", *into, "--mount", f"--wd={TOP}", *command]

    def _expect_done(self) -> None:
        assert self.keeper.stdout is not None
        assert self.keeper.stdout.readline() == "done\n"

    def resize(self, size: str) -> None:
        assert self.keeper.stdin is not None
        print(size, file=self.keeper.stdin, flush=True)
        self._expect_done()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.inside(str(TOP / "slipway"), *arguments),
            env={**os.environ, "SLIPWAY_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def slipway(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=300)
        return process.returncode, output, errors


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with tempfile.TemporaryDirectory(prefix="slipway-disk-") as folder:
        # As root the nodes' users must reach it.
        Path(folder).chmod(0o711)
        found = SmallDisk(Path(folder))
        try:
            yield found
        finally:
            code, output, errors = found.slipway("reset", "--yes")
            found.keeper.communicate()
        assert code == 0, output + errors


def test_up_names_the_full_disk_and_goes_on_when_there_is_space(disk: SmallDisk) -> None:
    code, _, errors = disk.slipway("up")
    assert code == 1
    assert f"0.1 GB free for {disk.folder}" in errors
    assert "4.0 GB are needed" in errors

    disk.resize("5g")
    process = disk.start("up")
    until("secrets, the last files before the databases", lambda: (disk.seen / "secrets.json").exists())
    disk.resize("8m")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert f"no space is left on the disk of {disk.home}" in errors
    assert "4.0 GB are needed" in errors
    assert "then `./slipway up` again" in errors
    assert "Traceback" not in errors

    disk.resize("5g")
    code, output, errors = disk.slipway("up")
    assert code == 0, output + errors
    assert json.loads(disk.slipway("status", "--json")[1])["state"] == "up"
