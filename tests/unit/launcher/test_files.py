"""Files are whole or absent; locks outlive nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from launcher import files
from launcher.problem import Problem

HOLDER = """
import sys
from pathlib import Path
from launcher.files import locked
with locked(Path(sys.argv[1]), print):
    print("locked", flush=True)
    sys.stdin.readline()
"""


def test_it_writes_a_file_with_its_mode_and_leaves_nothing_else(tmp_path: Path) -> None:
    files.write_atomically(tmp_path / "a", "old", 0o600)
    files.write_atomically(tmp_path / "a", "new", 0o600)
    assert (tmp_path / "a").read_text() == "new"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_it_keeps_the_old_file_when_writing_fails(tmp_path: Path) -> None:
    files.write_atomically(tmp_path / "a", "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_atomically(tmp_path / "a", "\ud800")
    assert (tmp_path / "a").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_it_names_a_file_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(Problem, match=r"a\.json is not JSON"):
        files.read_json(tmp_path / "a.json")


def test_it_sees_code_that_changed_moved_or_went(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text("1")
    marks = [files.tree_fingerprint(tmp_path, ["app", "absent.py"])]
    (tmp_path / "app" / "a.py").write_text("2")
    marks.append(files.tree_fingerprint(tmp_path, ["app", "absent.py"]))
    (tmp_path / "app" / "a.py").rename(tmp_path / "app" / "b.py")
    marks.append(files.tree_fingerprint(tmp_path, ["app", "absent.py"]))
    (tmp_path / "app" / "b.py").unlink()
    marks.append(files.tree_fingerprint(tmp_path, ["app", "absent.py"]))
    assert len(set(marks)) == 4


def test_it_does_not_take_compiled_code_for_a_change(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    before = files.tree_fingerprint(tmp_path, ["app"])
    (tmp_path / "app" / "__pycache__").mkdir()
    (tmp_path / "app" / "__pycache__" / "a.pyc").write_text("x")
    assert files.tree_fingerprint(tmp_path, ["app"]) == before


def test_it_lets_one_in_at_a_time_and_says_who_is_inside(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        told: list[str] = []
        with pytest.raises(Problem, match="gave up waiting"), files.locked(lock, told.append, 0.1):
            pass
        assert told == [f"process {holder.pid}"]
        holder.kill()
        holder.wait()
        with files.locked(lock, told.append, 5):
            assert len(told) == 1


def test_it_does_not_hold_a_lock_file_that_was_removed_meanwhile(tmp_path: Path) -> None:
    lock = tmp_path / "home" / "lock"
    with files.locked(lock, print):
        lock.unlink()
        with files.locked(lock, print, 1):
            assert lock.exists()


@pytest.mark.parametrize(("count", "text"), [(1500, "2 kB"), (250_000_000, "250 MB"), (1_210_000_000, "1.2 GB")])
def test_it_shows_sizes_as_people_say_them(count: int, text: str) -> None:
    assert files.human_size(count) == text
