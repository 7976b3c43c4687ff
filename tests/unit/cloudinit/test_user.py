"""What belongs to whom on a server of its own: jobs, which are the node's user, shall never become root by its boot."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudinit.slipway_node import user
from cloudinit.slipway_node.errors import StepError

SOMEBODY = 61999
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


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


@AS_ROOT
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


@AS_ROOT
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


@AS_ROOT
def test_a_link_that_a_job_has_made_gives_nothing_away(root: Path) -> None:
    (root / "etc/hosts").unlink()
    (root / "etc/hosts").symlink_to(root / "etc/slipway/facts.json")
    share_out(root)
    assert (root / "etc/slipway/facts.json").stat().st_uid == 0


@AS_ROOT
def test_others_read_no_facts(root: Path) -> None:
    share_out(root)
    found = (root / "etc/slipway/facts.json").stat()
    assert (found.st_mode & 0o777, found.st_gid) == (0o640, SOMEBODY)


def test_root_boots_no_node_without_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> pwd.struct_passwd:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    with pytest.raises(StepError, match=r"no user 'slipway'.*slipway image"):
        user.unprivileged()


def test_who_is_not_root_stays_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert user.unprivileged() is None
