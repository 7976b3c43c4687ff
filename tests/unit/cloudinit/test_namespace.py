"""A namespace copied from the bundle's image: whole or not there, one's own, never twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from cloudinit.frameworks.spark import namespace
from cloudinit.frameworks.spark import node as spark
from cloudinit.frameworks.spark.namespace import NamespaceError, identity, plant, with_identity
from cloudinit.slipway_node.node import Node

VERSION = """\
#Sat Nov 21 11:54:58 UTC 2026
namespaceID=1
clusterID=CID-of-the-image
cTime=0
storageType=NAME_NODE
blockpoolID=BP-1-127.0.0.1-1
layoutVersion=-67
"""
FILES = {"VERSION": VERSION, "fsimage_0": "an image", "fsimage_0.md5": "its sum", "seen_txid": "0\n"}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "image"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    folder = tmp_path / "name"
    folder.mkdir()
    return folder


def is_whole(current: Path) -> bool:
    return {file.name for file in current.iterdir()} == set(FILES)


def test_it_differs_from_the_image_in_its_identity_alone(image: Path, storage: Path, master: Node) -> None:
    own = identity(master)
    plant(image, storage, own)
    assert (storage / "current/fsimage_0").read_text() == "an image"
    lines = (storage / "current/VERSION").read_text().splitlines()
    assert set(lines) - set(VERSION.splitlines()) == {f"{name}={value}" for name, value in own.items()}
    assert [line.partition("=")[0] for line in lines] == [line.partition("=")[0] for line in VERSION.splitlines()]


def test_each_has_an_identity_of_its_own(master: Node) -> None:
    one, other = identity(master), identity(master)
    assert one["clusterID"] == other["clusterID"] == "CID-5b6c"
    assert one["namespaceID"] != other["namespaceID"]
    assert one["blockpoolID"] != other["blockpoolID"]
    assert 0 < int(one["namespaceID"]) < 2**31


def test_one_that_is_there_is_never_touched(image: Path, storage: Path, master: Node) -> None:
    (storage / "current").mkdir()
    (storage / "current/VERSION").write_text("somebody's data")
    plant(image, storage, identity(master))
    assert {file.name: file.read_text() for file in (storage / "current").iterdir()} == {"VERSION": "somebody's data"}


def plant_and_die(image: Path, storage: Path, own: dict[str, str], at: int) -> None:
    """Kill -9 of the process in front of its call number `at` of those that change anything."""
    calls = iter(range(at))

    def dying(function):  # type: ignore[no-untyped-def]
        def call(*arguments: object, **options: object) -> object:
            if next(calls, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return call

    for name in ("mkdir", "replace"):
        setattr(Path, name, dying(getattr(Path, name)))
    for name in ("_write", "_sync"):
        setattr(namespace, name, dying(getattr(namespace, name)))
    plant(image, storage, own)


@pytest.mark.parametrize("at", range(8))
def test_stopped_at_any_moment_it_is_made_at_the_next_boot(at: int, image: Path, storage: Path, master: Node) -> None:
    own = identity(master)
    child = multiprocessing.get_context("fork").Process(target=plant_and_die, args=(image, storage, own, at))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    current = storage / "current"
    assert not current.exists() or is_whole(current)
    left = (current / "VERSION").read_text() if current.exists() else ""
    plant(image, storage, identity(master))
    assert is_whole(current)
    assert left in ("", (current / "VERSION").read_text())
    assert [place.name for place in storage.iterdir()] == ["current"]


def test_half_a_file_of_a_stopped_boot_is_written_anew(image: Path, storage: Path, master: Node) -> None:
    (storage / "partial").mkdir()
    (storage / "partial/fsimage_0").write_text("an im")
    (storage / "partial/left over").write_text("x")
    plant(image, storage, identity(master))
    assert is_whole(storage / "current")
    assert (storage / "current/fsimage_0").read_text() == "an image"


def test_it_says_where_and_why_it_cannot_be_made(image: Path, tmp_path: Path, master: Node) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NamespaceError, match=r"could not be prepared in .*file.*: .*Not a directory.*start the node"):
        plant(image, tmp_path / "file", identity(master))


def test_an_image_without_an_identity_is_not_used(master: Node) -> None:
    with pytest.raises(NamespaceError, match="no blockpoolID"):
        with_identity(VERSION.replace("blockpoolID", "pool"), identity(master))


def test_only_a_master_has_one(master: Node, worker: Node, image: Path) -> None:
    for node in (master, worker):
        node.path("/var/lib/slipway/name").mkdir(parents=True, exist_ok=True)
    master.bundle.mkdir()
    (master.bundle / "namespace").symlink_to(image)
    spark.prepare_storage(worker)
    assert not list(worker.path("/var/lib/slipway/name").iterdir())
    spark.prepare_storage(master)
    assert is_whole(master.path("/var/lib/slipway/name/current"))
