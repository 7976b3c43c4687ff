"""The embedded PostgreSQL comes up again after whatever was done to it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from launcher import postgres, postgres_lock
from launcher.postgres import Postgres
from launcher.problem import Problem


@pytest.fixture
def server() -> Iterator[Postgres]:
    uid = postgres.UNPRIVILEGED_UID if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="slipway-pg-") as name:
        top = Path(name)
        # The server's own user must reach what is below; its sockets' paths must be short.
        top.chmod(0o711)
        yield Postgres(postgres.find_binaries(Path(sys.prefix)), top / "data", top / "a b", uid)


def test_it_keeps_its_data_after_it_was_killed(server: Postgres) -> None:
    assert not server.is_made
    server.prepare()
    log = server.data.parent / "log"
    with postgres.running(server, log):
        server.create_databases(["kept"])
        postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        assert os.waitpid(postmaster, 0)[0] == postmaster
    assert (server.data / "postmaster.pid").exists()
    assert server.is_made
    server.prepare()
    with postgres.running(server, log):
        assert server.create_databases(["kept", "new"]) == ["new"]


def test_it_does_not_take_a_stranger_with_its_old_pid_for_itself(server: Postgres) -> None:
    server.prepare()
    file = server.data / "postmaster.pid"
    lines = [str(os.getpid()), str(server.data), "0", "5432", str(server.socket), "", ""]
    file.write_text("\n".join(lines))
    with postgres.running(server, server.data.parent / "log"):
        assert int(file.read_text().split()[0]) != os.getpid()


def test_it_leaves_a_living_servers_pid_file_alone(server: Postgres) -> None:
    server.prepare()
    with postgres.running(server, server.data.parent / "log"):
        before = (server.data / "postmaster.pid").read_text()
        postgres_lock.clear_stale(server.data)
        assert (server.data / "postmaster.pid").read_text() == before


def test_it_makes_a_half_made_folder_anew(server: Postgres) -> None:
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("18\n")
    assert not server.is_made
    server.prepare()
    with postgres.running(server, server.data.parent / "log"):
        assert server.answers()


def test_it_ends_with_all_its_processes(server: Postgres) -> None:
    server.prepare()
    with postgres.running(server, server.data.parent / "log"):
        assert postgres_lock.processes_in(server.data)
    assert postgres_lock.processes_in(server.data) == []
    assert not server.answers()


def test_it_gives_an_address_that_libpq_understands_and_closes_its_socket_to_others(server: Postgres) -> None:
    server.prepare()
    with postgres.running(server, server.data.parent / "log"):
        with psycopg.connect(server.url("postgres")) as connection:
            assert connection.execute("select current_user, inet_server_addr()").fetchone() == ("slipway", None)
        assert server.socket.stat().st_mode & 0o077 == 0


def test_it_runs_as_root_under_a_user_of_its_own(server: Postgres) -> None:
    server.prepare()
    with postgres.running(server, server.data.parent / "log"):
        owners = set()
        for one in postgres_lock.processes_in(server.data):
            with contextlib.suppress(FileNotFoundError):  # a backend that ends just now
                owners.add(Path(f"/proc/{one.pid}").stat().st_uid)
    assert owners == {postgres.UNPRIVILEGED_UID if os.geteuid() == 0 else os.geteuid()}


def test_it_shows_why_it_did_not_start(server: Postgres) -> None:
    server.prepare()
    (server.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with (
        pytest.raises(Problem, match="PostgreSQL did not start") as caught,
        postgres.running(server, server.data.parent / "log"),
    ):
        pass
    assert "no_such_setting" in caught.value.why
