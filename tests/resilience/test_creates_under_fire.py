"""Creates, resizes, changes, deletes and ends while web processes and the worker are killed: limits and credits hold,
holds equal truth, nothing that was answered is lost."""

from __future__ import annotations

import http.client
import random
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from launcher.paths import TOP
from tests.e2e.minicloud_harness import until
from tests.recorded_cloud import recorded_cloud
from tests.web_processes import Fire, under_fire

STUDENTS, LIMIT, NODES, CREDITS, ROUNDS = 16, 12, 30, 200, 3
PATIENCE = 120  # seconds
DONE = (200, 202)
REFUSED = (404, 409, 503)  # what has ended meanwhile, what does not fit, and a course that is busy
NODE_LIMIT = "INSERT INTO courses_limit (course_id, scope, name, value) VALUES (%s, 'course', 'nodes', %s)"
END_ONE = """
UPDATE clusters_cluster SET expires_at = now() - interval '1 second' WHERE id IN (
    SELECT id FROM clusters_cluster WHERE status = 'ready' AND target = 'ready' ORDER BY random() LIMIT 1
) RETURNING id
"""
# One statement, as it is at one moment: the nodes that count, and what remains of the course's credits.
TAKEN = """
SELECT (SELECT count(*) FROM clusters_cluster WHERE status <> 'deleted'),
       (SELECT count(*) FROM clusters_node AS node JOIN clusters_cluster AS cluster ON cluster.id = node.cluster_id
        WHERE cluster.status <> 'deleted'),
       (SELECT sum(balance) FROM billing_account WHERE course = 'class' AND kind IN ('course', 'student'))
       - (SELECT coalesce(sum(amount), 0) FROM billing_hold WHERE course = 'class' AND expires_at > now())
"""


class Students:
    """What they do at once until they are called home. `kept` is what was answered: whether a cluster is to be."""

    def __init__(self, fire: Fire) -> None:
        self.fire, self.home = fire, threading.Event()
        self.kept: dict[str, bool] = {}
        self.lock = threading.Lock()
        self.failures: list[BaseException] = []
        self.threads = [threading.Thread(target=self._act, args=(each,)) for each in range(STUDENTS)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def call_home(self) -> None:
        self.home.set()
        for thread in self.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.threads)
        assert self.failures == []

    def _act(self, student: int) -> None:
        chance, mine = random.Random(student), list[str]()
        while not self.home.is_set():
            try:
                self._do_one(student, chance, mine)
            except (OSError, http.client.HTTPException):
                self.home.wait(0.2)  # the web processes are being started again
            except AssertionError as failure:
                self.failures.append(failure)
                return

    def _do_one(self, student: int, chance: random.Random, mine: list[str]) -> None:
        dice = chance.random() if mine else 1.0
        if dice < 0.05:
            self._delete(student, mine.pop())
        elif dice < 0.15:
            self._ask("POST", f"/clusters/{mine[-1]}/extend", student, {"hours": 1})
        elif dice < 0.5:
            self._ask("POST", f"/clusters/{mine[-1]}/resize", student, {"workers": chance.randint(2, 4)})
        else:
            wish = self.fire.wish(f"c{chance.getrandbits(40):x}", workers=chance.randint(1, 2))
            if made := self._ask("POST", "/clusters", student, wish):
                mine.append(made["id"])
                with self.lock:
                    self.kept[made["id"]] = True

    def _delete(self, student: int, cluster: str) -> None:
        with self.lock:
            self.kept.pop(cluster)  # until it is answered nobody knows
        self._ask("DELETE", f"/clusters/{cluster}", student)
        with self.lock:
            self.kept[cluster] = False

    def _ask(self, method: str, path: str, student: int, body: Any = None) -> Any:
        """What was made or changed, nothing where it was refused."""
        status, _, answer = self.fire.ask(method, path, student, body)
        assert status in (*DONE, *REFUSED), (method, path, status, answer)
        return answer if status in DONE else None


def test_kills_break_no_limit_and_lose_nothing_that_was_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Any] = {}
    with recorded_cloud(answers, ("orchestration",)) as cloud:
        monkeypatch.setenv("OS_AUTH_URL", cloud.connection.auth_url)
        with under_fire(STUDENTS, limit=LIMIT, workers=2, price="1", grant=str(CREDITS)) as fire:
            answers["orchestration /stacks?tags=slipway"] = lambda _: (200, {"stacks": stacks(fire)})
            answers["orchestration /stacks"] = (201, {"stack": {"id": "made", "links": []}})
            fire.sql(NODE_LIMIT, fire.course, NODES)
            fire.start_worker()
            students = Students(fire)
            students.start()
            try:
                worst = kill_meanwhile(fire)
            finally:
                students.call_home()
            assert 0 < worst[0] <= LIMIT
            assert 0 < worst[1] <= NODES
            assert worst[2] >= 0, "more was held than there was"
            nothing_is_lost(fire, students.kept)
            holds_equal_truth(fire)


def stacks(fire: Fire) -> list[dict[str, Any]]:
    """As of a Heat that has done at once what it is asked for: all that shall be there is, and nothing else."""
    rows = fire.sql("SELECT id::text, generation FROM clusters_cluster WHERE target = 'ready'")
    return [
        {
            "id": pk, "stack_name": f"slipway-{pk}", "stack_status": "CREATE_COMPLETE", "stack_status_reason": "",
            "tags": ["slipway", f"slipway-generation-{generation}"],
        }
        for pk, generation in rows
    ]  # fmt: skip


def kill_meanwhile(fire: Fire) -> tuple[int, int, Any]:
    """The most clusters and nodes that there were at a moment, and the least credits that remained."""
    seen, chance = [fire.sql(TAKEN)[0]], random.Random(2026)
    for _ in range(ROUNDS):
        for name, start in (("web", fire.start_web), ("worker", fire.start_worker)):
            end = time.monotonic() + chance.uniform(2, 5)
            while time.monotonic() < end:
                seen.append(fire.sql(TAKEN)[0])
                nodes_speak(fire)
                time.sleep(0.1)
            fire.kill(name)
            start()
        until("a cluster that can end", lambda: fire.sql(END_ONE), PATIENCE)
        audit_limits(fire)  # releases what is held for what is gone, as the passes do that are never let live so long
    clusters, nodes, remaining = zip(*seen, strict=True)
    return max(clusters), max(nodes), min(remaining)


def nodes_speak(fire: Fire) -> None:
    """Machines have addresses, masters let go who leaves, and what is being changed has settled."""
    fire.sql("UPDATE clusters_node SET kept_by = '' WHERE leaving AND kept_by IS NULL")
    fire.sql("UPDATE clusters_node SET address = '127.88.3.10' WHERE address IS NULL")
    fire.sql("UPDATE clusters_cluster SET hosts_changed_at = now() - interval '1 hour' WHERE status = 'updating'")


def nothing_is_lost(fire: Fire, kept: dict[str, bool]) -> None:
    going = "SELECT 1 FROM clusters_cluster WHERE target = 'deleted' AND status <> 'deleted'"
    until("the end of what was let go", lambda: not fire.sql(going), PATIENCE)
    actions = [action for (action,) in fire.sql("SELECT action FROM trail_entry")]
    assert {"cluster.create", "cluster.resize", "cluster.extend", "cluster.delete", "cluster.end"} <= set(actions)
    over = {pk for (pk,) in fire.sql("SELECT subject FROM trail_entry WHERE action = 'cluster.end' AND actor = ''")}
    targets = dict(fire.sql("SELECT id::text, target FROM clusters_cluster"))
    wanted = {pk: "ready" if there and pk not in over else "deleted" for pk, there in kept.items()}
    assert {pk: targets[pk] for pk in wanted} == wanted
    assert wanted
    assert fire.sql("SELECT status FROM clusters_cluster WHERE status = 'failed'") == []
    assert fire.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'portal'") == [(0,)]


def holds_equal_truth(fire: Fire) -> None:
    """Of what went, the hold stays until a pass has charged it."""
    held = "SELECT resource FROM billing_hold ORDER BY resource"
    live = "SELECT id FROM clusters_cluster WHERE target = 'ready' ORDER BY id"
    for _ in range(2):
        done = audit_limits(fire)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "mended" not in done.stdout
    until("holds of just what is live", lambda: fire.sql(held) == fire.sql(live), PATIENCE)
    assert fire.sql(TAKEN)[0][2] >= 0


def audit_limits(fire: Fire) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "audit_limits"]
    return subprocess.run(command, cwd=TOP, env=fire.environment, capture_output=True, text=True, check=False)
