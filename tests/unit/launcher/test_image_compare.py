"""Two builds of the same state are the same; where they are not, the tool says in what."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from launcher.image import boot_loader, compare, make, root

EPOCH = 1_700_000_000


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("one", "other"):
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc/hosts").write_text("localhost")
        (tmp_path / name / "etc/link").symlink_to("hosts")
        make.finish(tmp_path / name, make.MACHINE, EPOCH)
    return tmp_path / "one", tmp_path / "other"


def test_two_trees_of_a_machine_that_are_finished_one_after_the_other_are_the_same(trees: tuple[Path, Path]) -> None:
    assert compare.differences(*trees) == []
    assert (trees[0] / "boot/grub/grub.cfg").stat().st_mtime == (trees[0] / "etc/fstab").stat().st_mtime == EPOCH


def test_each_difference_is_named(trees: tuple[Path, Path]) -> None:
    one, other = trees
    (other / "etc/hosts").write_text("another")
    os.utime(other / "etc/hosts", (EPOCH, EPOCH))
    (other / "etc/fstab").chmod(0o600)
    (other / "etc/link").unlink()
    os.utime(other / "etc", (EPOCH + 1, EPOCH + 1))
    found = dict(line.split(": ", 1) for line in compare.differences(one, other))
    assert found.keys() == {"etc", "etc/hosts", "etc/fstab", "etc/link"}
    assert found["etc"] == f"time {EPOCH} and {EPOCH + 1}"
    assert found["etc/hosts"].startswith("contents ")
    assert found["etc/fstab"] == "kind and mode -rw-r--r-- and -rw-------"
    assert found["etc/link"] == f"only in {one}"


def test_a_disk_is_told_from_a_file_system(tmp_path: Path) -> None:
    disk, alone = tmp_path / "disk", tmp_path / "alone"
    disk.write_bytes(boot_loader.first_sector(bytes(512), 8))
    alone.write_bytes(bytes(1024))
    assert compare.file_system_of(disk) == f"{disk}?offset=1048576"
    assert compare.file_system_of(alone) == str(alone)


def test_folders_of_the_bundle_have_the_same_time_and_its_files_keep_theirs(tmp_path: Path) -> None:
    part = tmp_path / "opt/slipway-store/parts/spark"
    part.mkdir(parents=True)
    (part / "a.jar").write_text("classes")
    root.fix_times(tmp_path, EPOCH)
    assert part.stat().st_mtime == (tmp_path / "opt").stat().st_mtime == EPOCH
    assert (part / "a.jar").stat().st_mtime > EPOCH
