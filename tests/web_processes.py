"""The portal's web processes (and its worker) on a PostgreSQL and a Redis of their own, without a cloud: for tests and
benches that put them under fire.

Run as a program, with the portal's settings in the environment, it makes a course and prints what came of it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from launcher import postgres, redis
from launcher.paths import TOP

START_SECONDS = 60


Answer = tuple[int, Mapping[str, str], Any]  # status, headers, JSON


@dataclass
class Fire:
    """What runs. `tokens` are those of the course's students, in their order."""

    port: int
    course: str
    tokens: list[str]
    database: str
    environment: dict[str, str]
    workers: int = 2
    application: str = "portal.asgi:application"
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def wish(self, name: str, **changes: Any) -> dict[str, Any]:
        return {"course": self.course, "name": name, "flavor": "small", "workers": 2, "hours": 4, **changes}

    def ask(self, method: str, path: str, student: int, body: Any = None) -> Answer:
        """Of an address of the API. OSError or HTTPException where the web processes are gone."""
        return self.ask_for(method, f"/api/v1{path}", student, body)

    def ask_for(self, method: str, address: str, student: int, body: Any = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.tokens[student]}", "Content-Type": "application/json"}
            connection.request(method, address, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, dict(answer.headers), json.loads(data) if data else None
        finally:
            connection.close()

    def start_web(self) -> None:
        command = ["-m", "uvicorn", self.application, "--port", str(self.port), "--workers", str(self.workers)]
        self.processes["web"] = self._start(*command, "--no-access-log", "--log-level", "warning")
        wait_until(self._answers, self.processes["web"])

    @contextlib.contextmanager
    def serving(self) -> Iterator[Fire]:
        try:
            self.start_web()
            yield self
        finally:
            for each in list(self.processes):
                self.kill(each)

    def start_worker(self) -> None:
        options = ["--beat", "--scheduler", "celery.beat:Scheduler", "--pool", "threads", "--concurrency", "2"]
        self.processes["worker"] = self._start("-m", "celery", "-A", "portal", "worker", *options)

    def kill(self, name: str) -> None:
        """The whole group, by SIGKILL."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *words], cwd=TOP, env=self.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/courses", 0)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def wait_until(true: Any, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while not true():
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < end, "it does not answer"
        time.sleep(0.1)


@contextlib.contextmanager
def stores() -> Iterator[dict[str, str]]:
    """A PostgreSQL with the portal's tables, and a Redis: the environment of the processes that use them."""
    from tests import environment  # the other settings

    with tempfile.TemporaryDirectory(prefix="slipway-fire-") as name, postgres.temporary() as server:
        folder = Path(name)
        environment = {
            **os.environ,
            "PYTHONPATH": str(TOP),
            "SLIPWAY_DATABASE_URL": f"dbname=portal user=slipway host='{server.socket}'",
            "SLIPWAY_REDIS_URL": f"unix://{folder}/redis.sock",
        }
        broker = subprocess.Popen(
            redis.command(redis.find_server(Path(sys.prefix)), folder / "redis.sock"), stdout=subprocess.DEVNULL
        )
        try:
            run = [sys.executable, "manage.py", "migrate", "-v", "0"]
            subprocess.run(run, cwd=TOP, env=environment, check=True)
            yield environment
        finally:
            broker.kill()
            broker.wait()


@contextlib.contextmanager
def under_fire(
    students: int,
    *,
    limit: int,
    workers: int = 2,
    price: str = "0",
    grant: str = "0",
    application: str = "portal.asgi:application",
) -> Iterator[Fire]:
    """A course with so many students and a limit of so many clusters together; a small node costs `price` an hour."""
    with stores() as environment:
        words = [sys.executable, "-m", "tests.web_processes", str(students), str(limit), price, grant]
        said = json.loads(subprocess.run(words, cwd=TOP, env=environment, check=True, capture_output=True).stdout)
        database = environment["SLIPWAY_DATABASE_URL"]
        fire = Fire(free_port(), said["course"], said["tokens"], database, environment, workers, application)
        with fire.serving():
            yield fire
        require_sound_ledger(environment)


def require_sound_ledger(environment: Mapping[str, str]) -> None:
    """Whatever was done to it, however it was killed: the checker finds nothing in what is left."""
    command = [sys.executable, "manage.py", "audit_ledger"]
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _seed(students: int, limit: int, price: str, grant: str) -> dict[str, Any]:
    import django

    django.setup()
    from datetime import UTC, datetime
    from decimal import Decimal

    from billing import ledger, rates
    from portal.accounts.models import User
    from portal.accounts.tokens import issue_for_log_in
    from portal.cloud.catalogue import import_catalogue
    from portal.courses.importing import import_roster
    from portal.courses.models import Course, Limit

    image = {"name": "node", "framework": "spark", "architecture": "x86_64"}
    bundle = os.environ["SLIPWAY_BUNDLE_VERSION"]
    import_catalogue(
        {
            "flavors": [{"name": "small", "vcpus": 1, "memory_mb": 1536, "disk_gb": 4}],
            "images": [{**image, "bundle_version": bundle}],
        }
    )
    names = [f"student-{number:03d}" for number in range(students)]
    members = [{"username": name, "role": "student"} for name in names]
    course = {"name": "class", "title": "Class", "project": "p", "clusters_each": 4, "members": members}
    import_roster({"courses": [course], "administrators": []})
    made = Course.objects.get(name="class")
    Limit.objects.update_or_create(course=made, scope=Limit.Scope.COURSE, name="clusters", defaults={"value": limit})
    if Decimal(price):
        rates.introduce("node", "small", Decimal(price), datetime(2026, 1, 1, tzinfo=UTC))
    if Decimal(grant):
        ledger.grant("dora", Decimal(grant), course="class")
    users = User.objects.in_bulk(names, field_name="username")
    return {"course": str(made.pk), "tokens": [issue_for_log_in(users[name]).secret for name in names]}


if __name__ == "__main__":
    count, most, *money = sys.argv[1:]
    print(json.dumps(_seed(int(count), int(most), *money)))
