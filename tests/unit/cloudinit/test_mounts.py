"""Folders of shares: which export is tried, how, how often, and what is said when none can be mounted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudinit.slipway_node.errors import StepError
from cloudinit.slipway_node.facts import Mount
from cloudinit.slipway_node.mounts import exports, mount_all, mounted
from cloudinit.slipway_node.node import Node
from cloudinit.slipway_node.portal import PortalUnavailableError

COURSE = Mount("/data/course", "NFS", "10.0.0.1:/shares/1", "rw")
# Writes down how it was called, and the key that it could read; then does as the lines of `answers` say, one a call.
PROGRAM = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
file=$(echo "$*" | sed -n 's/.*secretfile=\\([^,]*\\).*/\\1/p')
if [ -n "$file" ]; then stat -c %a "$file" > "$here/mode"; cat "$file" > "$here/key"; fi
answer=$(head -1 "$here/answers")
sed -i 1d "$here/answers"
if [ -n "$answer" ]; then echo "$answer" >&2; exit 32; fi
"""


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("10.0.0.1:/shares/1", ("10.0.0.1:/shares/1",)),
        (" 10.0.0.1:/shares/1\n", ("10.0.0.1:/shares/1",)),
        (["10.0.0.1:/shares/1", "10.0.0.2:/shares/1"], ("10.0.0.1:/shares/1", "10.0.0.2:/shares/1")),
        # As Heat's attribute has it, and as JSON does.
        ("['10.0.0.1:/shares/1']", ("10.0.0.1:/shares/1",)),
        ("[u'10.0.0.1:/shares/1', u'10.0.0.2:/x']", ("10.0.0.1:/shares/1", "10.0.0.2:/x")),
        ('["10.0.0.1:/shares/1"]', ("10.0.0.1:/shares/1",)),
        # GPFS by cluster export services, and by the kernel's server.
        ("ces.campus.example:/gpfs/fs1/course", ("ces.campus.example:/gpfs/fs1/course",)),
        ("gpfs-node3:/ibm/gpfs0/openstack/share-5b6c", ("gpfs-node3:/ibm/gpfs0/openstack/share-5b6c",)),
        # IPv6 begins as a list does.
        ("[fd00::1]:/shares/1", ("[fd00::1]:/shares/1",)),
        (["[fd00::1]:/shares/1"], ("[fd00::1]:/shares/1",)),
        ("10.0.0.5:6789,10.0.0.6:6789:/volumes/_nogroup/5b6c", ("10.0.0.5:6789,10.0.0.6:6789:/volumes/_nogroup/5b6c",)),
        (
            [
                {"path": "10.0.0.2:/x", "preferred": False},
                {"path": "10.0.0.1:/x", "preferred": True},
                {"path": "admin:/x", "is_admin_only": True},
            ],
            ("10.0.0.1:/x", "10.0.0.2:/x"),
        ),
        ("", ()),
        ("[]", ()),
        ([], ()),
        (None, ()),
        ([3, None], ()),
    ],
)
def test_it_finds_the_exports_in_all_that_manila_says(told: Any, expected: tuple[str, ...]) -> None:
    assert exports(told) == expected


def test_it_sees_what_is_mounted_by_the_whole_path() -> None:
    line = "36 35 98:0 /shares/1 /srv/a\\040b/data rw,nosuid master:1 - nfs4 10.0.0.1:/shares/1 rw\n"
    assert mounted(Path("/srv/a b/data"), line)
    assert not mounted(Path("/srv/a b"), line)
    assert not mounted(Path("/srv/a b/data/more"), line)


class Program:
    """A `mount` in the PATH that answers as told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "mount").write_text(PROGRAM)
        (folder / "mount").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        self.answer("")

    def answer(self, *lines: str) -> None:
        (self.folder / "answers").write_text("".join(f"{line}\n" for line in lines))

    def calls(self) -> list[str]:
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def said(self, name: str) -> str:
        return (self.folder / name).read_text().strip()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    return Program(tmp_path / "bin", monkeypatch)


def no_key(number: int) -> tuple[str, str]:
    raise AssertionError(f"the mount {number} needs no key")


def attempt(
    node: Node, *wanted: Mount, seconds: float = 20, keys: Callable[[int], tuple[str, str]] = no_key
) -> list[str]:
    said: list[str] = []
    mount_all(replace(node, mounts=wanted), keys, time.monotonic() + seconds, said.append)
    return said


def test_it_mounts_each_folder_as_it_is_asked_to(worker: Node, program: Program) -> None:
    attempt(worker, COURSE, Mount("/data/books", "NFS", ["10.0.0.1:/shares/2"], "ro"))
    course, books = worker.path("/data/course"), worker.path("/data/books")
    assert program.calls() == [
        f"-t nfs 10.0.0.1:/shares/1 {course} -o rw,nosuid,nodev,retry=0",
        f"-t nfs 10.0.0.1:/shares/2 {books} -o ro,nosuid,nodev,retry=0",
    ]
    assert course.is_dir()
    assert books.is_dir()


def test_it_tries_again_until_the_share_is_open_to_this_node(worker: Node, program: Program) -> None:
    program.answer("mount.nfs: access denied by server", "mount.nfs: access denied by server", "")
    said = attempt(worker, COURSE)
    assert len(program.calls()) == 3
    assert said == ["mounts: /data/course is not mounted yet: mount.nfs: access denied by server"]


def test_it_takes_the_first_export_that_can_be_mounted(worker: Node, program: Program) -> None:
    program.answer("mount.nfs: No route to host", "")
    attempt(worker, replace(COURSE, export=["10.0.0.1:/x", "10.0.0.2:/x"]))
    assert [call.split()[2] for call in program.calls()] == ["10.0.0.1:/x", "10.0.0.2:/x"]


def test_it_says_which_folder_could_not_be_mounted_and_what_mount_said(worker: Node, program: Program) -> None:
    program.answer(*["mount.nfs: access denied by server while mounting 10.0.0.1:/shares/1"] * 50)
    with pytest.raises(
        StepError, match=r"/data/course could not be mounted within [01] s: mount.nfs: access denied .* ch"
    ):
        attempt(worker, COURSE, seconds=1)
    assert 2 <= len(program.calls()) <= 10


def test_it_does_not_wait_for_what_this_image_will_never_have(worker: Node, program: Program) -> None:
    program.answer(*["mount: /data: unknown filesystem type 'nfs'."] * 9)
    with pytest.raises(StepError, match=r"cannot mount /data/course .*choose an image .*ceph-common"):
        attempt(worker, COURSE)
    assert len(program.calls()) == 1


def test_it_says_so_when_manila_names_no_export(worker: Node, program: Program) -> None:
    with pytest.raises(StepError, match=r"no export that can be mounted: '\[\]'"):
        attempt(worker, replace(COURSE, export="[]"), seconds=0.1)
    assert program.calls() == []


def test_it_leaves_alone_what_is_mounted_already(
    worker: Node, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = worker.path("/data/course")
    line = f"36 35 98:0 / {folder} rw - nfs4 10.0.0.1:/shares/1 rw\n"
    monkeypatch.setattr("cloudinit.slipway_node.mounts.own_mountinfo", lambda: line)
    attempt(worker, COURSE)
    assert program.calls() == []


def test_a_key_stands_in_a_file_of_its_owners_while_it_is_needed_and_on_no_command_line(
    worker: Node, program: Program
) -> None:
    native = Mount("/data/course", "CEPHFS", "10.0.0.5:6789:/volumes/5b6c", "rw")
    attempt(worker, COURSE, native, keys=lambda number: (f"slipway-{number}", "the key"))
    call = program.calls()[1]
    assert call.startswith(f"-t ceph 10.0.0.5:6789:/volumes/5b6c {worker.path('/data/course')} -o rw,nosuid,nodev,")
    assert "name=slipway-1,secretfile=" in call
    assert "the key" not in call
    assert (program.said("key"), program.said("mode")) == ("the key", "600")
    assert not Path(call.rpartition("secretfile=")[2]).exists()


def test_it_waits_for_a_key_that_the_portal_has_not_yet(worker: Node, program: Program) -> None:
    asked: list[int] = []

    def keys(number: int) -> tuple[str, str]:
        asked.append(number)
        if len(asked) < 3:
            raise PortalUnavailableError("the portal answered 503")
        return "slipway", "k"

    said = attempt(worker, Mount("/data/x", "CEPHFS", "m:6789:/x", "ro"), keys=keys)
    assert asked == [0, 0, 0]
    assert len(program.calls()) == 1
    assert said == ["mounts: /data/x is not mounted yet: there is no key for it yet: the portal answered 503"]


@pytest.mark.parametrize(
    ("access", "content", "mode"), [("rw", "", 0o1777), ("ro", "", 0o755), ("rw", "somebody's file", 0o755)]
)
def test_jobs_may_write_in_a_share_that_is_new(
    worker: Node, program: Program, access: str, content: str, mode: int
) -> None:
    folder = worker.path("/data/course")
    folder.mkdir(parents=True, mode=0o755)
    if content:
        (folder / content).touch()
    attempt(replace(worker, embedded=False), replace(COURSE, access=access))
    assert folder.stat().st_mode & 0o7777 == mode
