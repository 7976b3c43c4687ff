"""What belongs to whom on a server of its own: jobs, which are the node's user, shall never become root by its boot."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudinit.slipway_node import user

SOMEBODY = 61999
# Only root gives files away: for others these tests are not there.
__test__ = os.geteuid() == 0


@pytest.fixture
def root() -> Iterator[Path]:
    """A server's root folder after the boot's part as root, with one disk; the user can reach it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="slipway-test-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        for name in ("etc/slipway", "var/lib/slipway/disks/1", "var/log/slipway", "run"):
            (place / name).mkdir(parents=True)
        for name in ("etc/slipway/facts.json", "etc/hosts", "var/log/slipway/boot.log"):
            (place / name).write_text("root's\n")
        yield place


def share_out(root: Path) -> None:
    user.share_out(SOMEBODY, SOMEBODY, root / "run/slipway", [root / "var/lib/slipway/disks/1"], root)


def may(root: Path, script: str) -> bool:
    """Whether the user can do it."""
    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=root,
        user=SOMEBODY,
        group=SOMEBODY,
        extra_groups=[],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


@pytest.mark.parametrize(
    "script",
    [
        "echo x > etc/slipway/facts.json",
        "rm -f etc/slipway/facts.json",
        "mv etc/slipway/facts.json etc/slipway/old",
        "mv etc/slipway etc/other",
        "echo x > var/log/slipway/boot.log",
        "rm -f var/log/slipway/boot.log",
        "mv var/lib/slipway/disks var/lib/slipway/other",
        "rmdir var/lib/slipway/disks/1",
        "ln -s /etc var/lib/slipway/disks/2",
        "rm -f etc/hosts",
    ],
)
def test_what_root_reads_and_writes_the_user_cannot_change_or_replace(root: Path, script: str) -> None:
    share_out(root)
    assert not may(root, script)


@pytest.mark.parametrize(
    "script",
    [
        "cat etc/slipway/facts.json",
        "mkdir etc/slipway/hadoop && echo x > etc/slipway/hadoop/a && mv etc/slipway/hadoop/a etc/slipway/hadoop/b",
        "echo x > etc/slipway/new && mv etc/slipway/new etc/slipway/supervisord.conf",
        "mkdir var/lib/slipway/name var/lib/slipway/disks/1/data",
        "echo x >> var/log/slipway/agent.log",
        "echo x > etc/hosts",
        "echo x > run/slipway/supervisor.pid",
    ],
)
def test_the_user_has_room_for_all_that_its_programs_write(root: Path, script: str) -> None:
    share_out(root)
    assert may(root, script)


def test_a_link_that_a_job_has_made_gives_nothing_away(root: Path) -> None:
    (root / "etc/hosts").unlink()
    (root / "etc/hosts").symlink_to(root / "etc/slipway/facts.json")
    share_out(root)
    assert (root / "etc/slipway/facts.json").stat().st_uid == 0


def test_others_read_no_facts(root: Path) -> None:
    share_out(root)
    found = (root / "etc/slipway/facts.json").stat()
    assert (found.st_mode & 0o777, found.st_gid) == (0o640, SOMEBODY)
