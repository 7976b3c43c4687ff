"""Where programs of the image run, and what is never removed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from launcher.image import inside
from launcher.problem import Problem

LINE = "1 2 0:1 / {} rw - tmpfs tmpfs rw\n"


def test_a_tree_in_which_something_is_mounted_is_not_removed(tmp_path: Path) -> None:
    tree = tmp_path / "a build"
    (tree / "root/dev").mkdir(parents=True)
    kept = tree / "root/dev/null"
    kept.touch()
    escaped = str(tree / "root/dev").replace(" ", r"\040")
    with pytest.raises(Problem, match=r"would be emptied too: .*/a build/root/dev"):
        inside.remove(tree, LINE.format("/") + LINE.format(escaped))
    assert kept.exists()


def test_a_tree_is_removed_whatever_is_mounted_beside_it(tmp_path: Path) -> None:
    tree = tmp_path / "build"
    tree.mkdir()
    inside.remove(tree, LINE.format(tmp_path) + LINE.format(f"{tree}-other"))
    assert not tree.exists()


def test_the_scratch_folder_goes_with_a_build_that_fails(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError), inside.scratch(tmp_path) as folder:
        folder.mkdir()
    assert list(tmp_path.iterdir()) == []


if os.geteuid() == 0:  # only root may mount, and an image is made by root only

    def test_a_program_has_devices_of_its_own_and_its_mounts_end_with_it(tmp_path: Path) -> None:
        for name in ("proc", "dev", "usr"):
            (tmp_path / name).mkdir()
        for name in ("bin", "lib", "lib64"):
            (tmp_path / name).symlink_to(f"usr/{name}")
        look = "echo gone > /dev/null && test -d /proc/self && test -w /dev/shm && cd /dev && echo *"
        # The tree borrows this machine's programs, in a namespace that ends with the test's command.
        borrow = f"mount --bind -o ro /usr {tmp_path}/usr && exec sh -c '{inside.SCRIPT}' sh {tmp_path} sh -c '{look}'"
        done = subprocess.run([*inside.PRIVATE, "sh", "-c", borrow], check=False, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "fd full null random shm urandom zero\n"), done.stderr
        assert list((tmp_path / "dev").iterdir()) == []
        assert inside.mounted_in(tmp_path, Path("/proc/self/mountinfo").read_text()) == []
