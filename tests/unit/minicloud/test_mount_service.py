"""A server's `mount` and compute, over the server's socket, on a machine that allows no namespaces."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicloud import mount_program
from minicloud.addresses import Block
from minicloud.mount_service import DOOR, MountService
from minicloud.mounts import World
from minicloud.registry import Registry
from minicloud.shares import Rule, Shares

ONE = "4b2f4c1e-0f7e-4a8f-9d5e-2a62a8a0b001"
BLOCK = Block("127.88.3")
EXPORT = f"{BLOCK.storage}:/shares/share-{ONE}"
ADDRESS = "127.88.3.10"


class Cloud:
    """A share, a server's record, and who answers the server."""

    def __init__(self, top: Path) -> None:
        self.shares, self.registry, self.run = Shares(top, None), Registry(top), top / "run"
        self.run.mkdir()
        self.registry.prepare()
        self.registry.put_server("server", {"ports": [{"address": ADDRESS}]})
        self.root = self.registry.server_folder("server") / "root"
        (self.root / "mnt").mkdir(parents=True)
        self.service = MountService(self.shares, self.registry, selectors.DefaultSelector())
        self.service.prepare(BLOCK)
        self.service.hindrance = "this machine forbids them"
        self.shares.create(ONE, f"/shares/share-{ONE}", 1)

    def allow(self, *rules: tuple[str, str]) -> None:
        self.shares.set_rules(ONE, [Rule(*rule) for rule in rules])

    def damage(self) -> None:
        """The server's record is JSON, and not what it should be."""
        self.registry.put_server("server", {"ports": [{}]})

    def open(self, uid: int | None) -> None:
        # This process stands for the server's first: it has the same namespaces as compute.
        self.service.open("server", self.run, World(os.getpid(), self.root.resolve(), uid))

    def __call__(self, program: str, *words: str) -> tuple[int, str]:
        """Run the server's program while compute's loop answers; its exit status and what it said."""
        script = [sys.executable, "-I", "-S", mount_program.__file__, str(self.root), str(self.run / DOOR), program]
        child = subprocess.Popen([*script, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        answered = threading.Timer(20, child.kill)
        answered.start()
        while child.poll() is None:
            for key, _ in self.service.selector.select(0.05):
                key.data()
        answered.cancel()
        assert child.stdout is not None
        return child.returncode, child.stdout.read()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    made.service.close("server")


def test_a_link_stands_for_a_mount_that_may_write(cloud: Cloud) -> None:
    cloud.open(None)
    cloud.allow((ADDRESS, "rw"))
    assert cloud("mount", "-t", "nfs", EXPORT, "/mnt") == (0, "")
    (cloud.root / "mnt/file").write_text("x")
    assert (cloud.shares.data(ONE) / "file").exists()
    assert cloud("umount", "/mnt") == (0, "")
    assert list((cloud.root / "mnt").iterdir()) == []


@pytest.mark.parametrize(("level", "options"), [("rw", "ro"), ("ro", "rw")])
def test_read_only_is_refused_with_the_reason_and_not_given_as_writable(level: str, options: str, cloud: Cloud) -> None:
    cloud.open(None)
    cloud.allow((ADDRESS, level))
    code, said = cloud("mount", "-o", options, EXPORT, "/mnt")
    assert code == 32
    assert "a read-only mount needs a mount namespace" in said
    assert "this machine forbids them" in said
    assert not (cloud.root / "mnt").is_symlink()


def test_a_server_with_a_user_of_its_own_gets_no_link_that_it_could_not_follow(cloud: Cloud) -> None:
    cloud.open(os.getuid() + 1)
    cloud.allow((ADDRESS, "rw"))
    code, said = cloud("mount", EXPORT, "/mnt")
    assert code == 32
    assert "a mount needs a mount namespace" in said


def test_who_has_no_rule_is_refused(cloud: Cloud) -> None:
    cloud.open(None)
    cloud.allow(("127.88.3.11", "rw"))
    assert cloud("mount", EXPORT, "/mnt") == (32, f"mount.nfs: access denied by server while mounting {EXPORT}\n")
    elsewhere = f"127.0.0.1:/shares/share-{ONE}"
    assert "127.0.0.1 exports nothing here" in cloud("mount", elsewhere, "/mnt")[1]


def test_a_link_goes_with_its_rule(cloud: Cloud) -> None:
    cloud.open(None)
    cloud.allow((ADDRESS, "rw"))
    assert cloud("mount", EXPORT, "/mnt") == (0, "")
    cloud.service.look()
    assert (cloud.root / "mnt").is_symlink()
    cloud.allow((ADDRESS, "ro"))
    cloud.service.look()
    assert not (cloud.root / "mnt").is_symlink()
    assert list((cloud.root / "mnt").iterdir()) == []


def test_an_error_that_nobody_foresaw_is_a_refusal(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    cloud.open(None)
    cloud.damage()
    code, said = cloud("mount", EXPORT, "/mnt")
    assert code == 32
    assert "the cloud's compute failed, see its log: KeyError: 'address'" in said
    assert "Traceback" in caplog.text


def test_a_server_whose_mounts_cannot_be_looked_at_does_not_hold_up_the_others(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.open(None)
    cloud.allow((ADDRESS, "rw"))
    assert cloud("mount", EXPORT, "/mnt") == (0, "")
    cloud.damage()
    cloud.service.look()
    assert "its mounts could not be corrected" in caplog.text
    assert "Traceback" in caplog.text
