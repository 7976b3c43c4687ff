"""supervisord.conf, as supervisord itself reads it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from launcher import supervisor
from launcher.paths import Paths


def read(paths: Paths, python: Path) -> ServerOptions:
    file = paths.home / "supervisord.conf"
    file.write_text(supervisor.configuration(paths, python, as_root=False))
    options = ServerOptions()
    options.realize(["-c", str(file)])
    return options


def paths_in(folder: Path) -> Paths:
    (folder / "log").mkdir(parents=True)
    return Paths(folder, folder, folder, folder)


@pytest.mark.parametrize("name", ["plain", "a b", "100%", "%(name)s", "it's", "ä ö", "a,b"])
def test_it_survives_paths_with_spaces_percent_signs_and_quotes(tmp_path: Path, name: str) -> None:
    paths = paths_in(tmp_path / name)
    python = paths.home / "bin" / "python"
    options = read(paths, python)
    programs = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert set(programs) == set(supervisor.NAMES)
    for program_name, program in programs.items():
        assert shlex.split(program.command) == [str(python), "-m", "launcher.service", str(paths.home), program_name]
        assert program.stdout_logfile == str(paths.log(program_name))
        assert program.directory == str(paths.top)
    assert options.pidfile == str(paths.supervisord_pid)
    assert options.server_configs[0]["file"] == str(paths.supervisor_socket)


def test_it_starts_nothing_by_itself_and_restarts_what_dies(tmp_path: Path) -> None:
    options = read(paths_in(tmp_path / "home"), Path("/usr/bin/python3"))
    for group in options.process_group_configs:
        program = group.process_configs[0]
        assert not program.autostart
        assert program.autorestart


def test_it_gives_compute_time_to_stop_its_servers_and_never_kills_them_with_it(tmp_path: Path) -> None:
    options = read(paths_in(tmp_path / "home"), Path("/usr/bin/python3"))
    compute = next(group.process_configs[0] for group in options.process_group_configs if group.name == "compute")
    assert compute.stopwaitsecs >= 60
    assert not compute.killasgroup


def test_it_stops_compute_first_and_the_stores_last() -> None:
    assert set(supervisor.STOP_ORDER) == set(supervisor.NAMES)
    assert supervisor.STOP_ORDER[0] == "compute"
    assert supervisor.STOP_ORDER[-2:] == ("redis", "postgres")
