"""Where a home, the cache and the sockets are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from launcher.paths import closed_ancestor, make_runtime_folder, resolve, runtime_folder
from launcher.problem import Problem

TOP = Path("/srv/slipway")


def test_it_keeps_root_and_users_apart() -> None:
    root = resolve({"HOME": "/root"}, 0, TOP)
    assert (root.home, root.cache) == (Path("/var/lib/slipway"), Path("/var/cache/slipway"))
    user = resolve({"HOME": "/home/ada"}, 1000, TOP)
    assert (user.home, user.cache) == (Path("/home/ada/.local/share/slipway"), Path("/home/ada/.cache/slipway"))


def test_it_follows_the_xdg_folders_and_its_own_variables_first() -> None:
    environ = {"HOME": "/home/ada", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/c"}
    paths = resolve(environ, 1000, TOP)
    assert (paths.home, paths.cache) == (Path("/d/slipway"), Path("/c/slipway"))
    own = resolve({**environ, "SLIPWAY_HOME": "/own/a b", "SLIPWAY_CACHE": "/own/c"}, 1000, TOP)
    assert (own.home, own.cache) == (Path("/own/a b"), Path("/own/c"))


def test_it_says_what_to_set_when_there_is_no_folder() -> None:
    with pytest.raises(Problem, match="no folder") as caught:
        resolve({}, 1000, TOP)
    assert "SLIPWAY_HOME" in caught.value.next_step


@pytest.mark.parametrize("character", [";", "#", '"', "\n"])
def test_it_refuses_a_home_that_configuration_files_cannot_name(character: str) -> None:
    with pytest.raises(Problem, match="SLIPWAY_HOME cannot be"):
        resolve({"HOME": "/h", "SLIPWAY_HOME": f"/a{character}b"}, 1000, TOP)


def test_it_gives_one_home_one_name_through_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    both = [resolve({"HOME": "/h", "SLIPWAY_HOME": str(tmp_path / name)}, 1000, TOP) for name in ("real", "link")]
    assert both[0] == both[1]


def test_it_keeps_socket_paths_short_however_long_the_home_is() -> None:
    paths = resolve({"HOME": "/h", "SLIPWAY_HOME": "/" + "x" * 200}, 1000, TOP)
    longest = paths.postgres_socket / ".s.PGSQL.5432.lock"
    assert len(os.fsencode(longest)) < 108
    assert runtime_folder(Path("/a")) != runtime_folder(Path("/b"))


def test_it_refuses_a_runtime_folder_that_is_a_link_to_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Problem, match="not a folder of ours"):
        make_runtime_folder(tmp_path / "run", os.geteuid(), 0o700)
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755


def test_it_refuses_a_runtime_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(Problem, match="not a folder of ours"):
        make_runtime_folder(tmp_path / "run", os.geteuid() + 1, 0o700)


def test_it_closes_its_runtime_folder_again(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o777)
    make_runtime_folder(tmp_path / "run", os.geteuid(), 0o700)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_it_names_the_folder_that_bars_the_way(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "home").mkdir(parents=True)
    tmp_path.chmod(0o711)
    closed.chmod(0o700)
    found = closed_ancestor(closed / "home")
    assert found is not None
    assert found in (closed, *closed.parents)
    closed.chmod(0o711)
    assert closed_ancestor(closed / "home") != closed
