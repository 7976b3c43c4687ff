"""Mounts in a real namespace follow the rules, whatever covers or uses them."""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicloud import init, mounts
from minicloud.addresses import Block
from minicloud.mount_service import MountService
from minicloud.mounts import DETACH, TO_READ, Mount, Refused, World
from minicloud.registry import Registry
from minicloud.shares import Rule, Shares

ONE, TWO, THREE = (f"4b2f4c1e-0f7e-4a8f-9d5e-2a62a8a0b00{number}" for number in (1, 2, 3))
ADDRESS = "127.88.3.10"


def shares_of(top: Path) -> Shares:
    made = Shares(top, 61000 if os.geteuid() == 0 else None)
    made.prepare()
    return made


class Guest:
    """A server's first process, with mounts of its own."""

    def __init__(self, top: Path) -> None:
        self.shares, self.registry = shares_of(top), Registry(top)
        self.registry.prepare()
        self.registry.put_server("server", {"ports": [{"address": ADDRESS}]})
        for share in (ONE, TWO, THREE):
            self.shares.create(share, f"/shares/share-{share}", 1)
        self.root = self.registry.server_folder("server") / "root"
        for name in ("d/x", "e"):
            (self.root / name).mkdir(parents=True)
        self.world = World(self._begin(), self.root, 61001 if os.geteuid() == 0 else None)

    def _begin(self) -> int:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                init.own_mounts(str(self.shares.folder))
                os.write(writer, b"y")
                while True:
                    signal.pause()
            finally:
                os._exit(1)
        os.close(writer)
        assert os.read(reader, 1) == b"y"
        os.close(reader)
        return child

    def end(self) -> None:
        os.kill(self.world.pid, signal.SIGKILL)
        os.waitpid(self.world.pid, 0)

    def mount(self, share: str, path: str) -> Path:
        mounts.mount(self.shares, self.world, share, path, read_only=False)
        return self.root / path

    def mounts(self) -> list[Mount]:
        return mounts.of_process(self.world.pid)

    def reads(self, path: Path) -> str:
        """A file as the server's programs read it, by the path that they would use; or the error."""

        def read() -> None:
            mounts.enter(self.world)
            raise Refused(path.read_text())  # the one way for words out of the child

        return str(mounts.in_child(read))

    def sees(self, path: Path) -> Path:
        """What the server has there."""
        return Path(f"/proc/{self.world.pid}/root", *path.parts[1:])


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    hindrance = mounts.hindrance(shares_of(tmp_path))
    if hindrance is not None:
        pytest.skip(hindrance)
    made = Guest(tmp_path)
    yield made
    made.end()


def test_a_mount_that_another_covers_goes_with_it(guest: Guest) -> None:
    covered, cover = guest.mount(ONE, "d/x"), guest.mount(TWO, "d")
    mounts.correct(guest.world, {covered: DETACH, cover: DETACH})
    assert guest.mounts() == []


def test_a_mount_that_cannot_be_reached_holds_up_no_other_and_is_named(guest: Guest) -> None:
    covered, _, other = guest.mount(ONE, "d/x"), guest.mount(TWO, "d"), guest.mount(THREE, "e")
    for wrong in ({covered: DETACH, other: DETACH}, {other: DETACH, covered: TO_READ}):
        with pytest.raises(Refused, match=f"^{covered}: "):
            mounts.correct(guest.world, wrong)
        assert {mount.path for mount in guest.mounts()} == {covered, guest.root / "d"}
        guest.mount(THREE, "e")


@pytest.mark.parametrize("name", ["a\rb c", "a\fb", "\udcff", "\x85#"])
def test_it_goes_whatever_its_folder_is_called(name: str, guest: Guest) -> None:
    (guest.root / name).mkdir()
    path = guest.mount(ONE, name)
    assert [mount.path for mount in guest.mounts()] == [path]
    mounts.correct(guest.world, {path: DETACH})
    assert guest.mounts() == []


@pytest.mark.parametrize("in_use", [False, True])
def test_a_rule_that_gives_reading_leaves_a_mount_to_read_even_where_a_file_is_open_for_writing(
    in_use: bool, guest: Guest
) -> None:
    file = guest.shares.data(ONE) / "file"
    file.write_text("x")
    if guest.shares.owner is not None:
        os.chown(file, guest.shares.owner, guest.shares.owner)
    path = guest.mount(ONE, "e")
    service = MountService(guest.shares, guest.registry, selectors.DefaultSelector())
    service.prepare(Block("127.88.3"))
    run = guest.root.parent / "run"
    run.mkdir()
    service.open("server", run, guest.world)
    guest.shares.set_rules(ONE, [Rule(ADDRESS, "ro")])
    with guest.sees(path / "file").open("r+" if in_use else "r"):
        service.look()
    service.close("server")
    assert guest.mounts() == [Mount(ONE, path, read_only=True)]
    assert guest.sees(path / "file").read_text() == "x"
    with pytest.raises(OSError, match="Read-only file system"):
        guest.sees(path / "file").open("r+")


def test_a_mount_is_found_by_its_own_path_too_and_by_that_server_alone(guest: Guest) -> None:
    (guest.shares.data(ONE) / "file").write_text("x")
    (guest.root / "data-of-a-test/course").mkdir(parents=True)
    guest.mount(ONE, "data-of-a-test/course")
    found = Path("/data-of-a-test/course/file")
    assert guest.reads(found) == "x"
    assert not found.parent.parent.exists()
    mounts.unmount(guest.world, "data-of-a-test/course", lazy=False)
    assert "No such file" in guest.reads(found)


def test_what_the_machine_has_keeps_its_place(guest: Guest) -> None:
    (guest.root / "etc").mkdir()
    guest.mount(ONE, "etc")
    assert guest.reads(Path("/etc/hostname")) == Path("/etc/hostname").read_text()


def test_a_server_that_was_started_without_a_root_folder_of_its_own_changes_nothing_of_the_machines() -> None:
    assert not mounts.has_own_root(mounts.mountinfo("self"))
