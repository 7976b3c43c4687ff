"""Creates, changes and deletes while web processes and the worker are killed: limits hold, holds equal truth, nothing
that was answered is lost."""

from __future__ import annotations

import http.client
import random
import subprocess
import sys
import threading
import time

from launcher.paths import TOP
from tests.web_processes import Fire, under_fire

STUDENTS, LIMIT, SECONDS = 30, 12, 40
DONE = (200, 202)


def acting(fire: Fire, student: int, until: float, kept: dict[str, bool], lock: threading.Lock) -> None:
    """What one student does until the end. `kept` is what was answered: whether a cluster shall be there."""
    chance, mine = random.Random(student), list[str]()
    while time.monotonic() < until:
        try:
            if mine and chance.random() < 0.4:
                cluster = mine.pop()
                with lock:
                    kept.pop(cluster)  # until it is answered nobody knows
                status, _, _ = fire.ask("DELETE", f"/clusters/{cluster}", student)
                if status in DONE:
                    with lock:
                        kept[cluster] = False
            elif mine and chance.random() < 0.3:
                fire.ask("POST", f"/clusters/{mine[-1]}/extend", student, {"hours": 1})
            else:
                name = f"c{chance.getrandbits(40):x}"
                status, _, body = fire.ask("POST", "/clusters", student, fire.wish(name))
                assert status in (202, 409, 503), (status, body)
                if status == 202:
                    mine.append(body["id"])
                    with lock:
                        kept[body["id"]] = True
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)  # the web processes are being started again


def test_kills_break_no_limit_and_lose_nothing_that_was_answered() -> None:
    with under_fire(STUDENTS, limit=LIMIT, workers=2, price="1", grant="100000") as fire:
        fire.start_worker()
        kept: dict[str, bool] = {}
        lock, until = threading.Lock(), time.monotonic() + SECONDS
        threads = [threading.Thread(target=acting, args=(fire, each, until, kept, lock)) for each in range(STUDENTS)]
        for thread in threads:
            thread.start()
        worst = 0
        while time.monotonic() < until:
            for name, start in (("web", fire.start_web), ("worker", fire.start_worker)):
                worst = max(worst, present(fire))
                time.sleep(random.Random(time.monotonic()).uniform(1, 3))
                fire.kill(name)
                start()
                # What is going is taken away, as Heat would: there is no cloud here.
                fire.sql("UPDATE clusters_cluster SET status = 'deleted' WHERE target = 'deleted'")
        for thread in threads:
            thread.join(60)
        assert 0 < worst <= LIMIT
        targets = {str(pk): target for pk, target in fire.sql("SELECT id, target FROM clusters_cluster")}
        assert all(targets[pk] == ("ready" if there else "deleted") for pk, there in kept.items())
        assert any(kept.values()) or not all(kept.values())
        assert fire.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'portal'") == [(0,)]
        fire.sql("UPDATE clusters_cluster SET status = 'deleted' WHERE target = 'deleted'")
        # Of what went, the hold stays until a pass has seen that nothing is to be charged.
        audit = [sys.executable, "manage.py", "audit_limits"]
        for _ in range(2):
            done = subprocess.run(audit, cwd=TOP, env=fire.environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        assert "mended" not in done.stdout
        holds = fire.sql("SELECT resource FROM billing_hold")
        assert sorted(holds) == sorted(fire.sql("SELECT id FROM clusters_cluster WHERE target = 'ready'"))


def present(fire: Fire) -> int:
    return int(fire.sql("SELECT count(*) FROM clusters_cluster WHERE status <> 'deleted'")[0][0])
