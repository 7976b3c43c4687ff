"""One job that takes far more than its due: its own machine suffers, and nobody else."""

from __future__ import annotations

import signal
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from tests.attacks.site import JOB_SECONDS, Json, Site

BOUNDS = {"processes": 500, "seconds": 8, "output": 260, "log": 1024}
MUCH_MEMORY_MB = 2000
# Of an answer, on a machine that has much else to do.
SLOWEST_SECONDS = 15.0
USUAL_SECONDS = 3.0
# Of a log, and of all output of a job: what the portal keeps unless its settings say other.
LOG_BYTES, OUTPUT_BYTES = 4 << 20, 256 << 20
PAUSE_SECONDS = 0.25


@dataclass
class Portal:
    """How long the portal took for a page and for an answer that asks the database, again and again."""

    site: Site
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def watched(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(SLOWEST_SECONDS * 4)

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(PAUSE_SECONDS):
            began = time.monotonic()
            try:
                page = requests.get(f"{self.site.portal}/log-in", timeout=SLOWEST_SECONDS * 2)
                if page.status_code != 200:
                    self.wrong.append(f"the log-in answered {page.status_code}")
                self.site.victim.person.cluster(self.site.victim.id)
            except Exception as error:  # whatever it is, it is a wrong answer
                self.wrong.append(f"{type(error).__name__}: {error}")
            self.seconds.append(time.monotonic() - began)


@dataclass(frozen=True)
class Weight:
    job: str
    ended: Json
    told: Json
    portal: Portal


@pytest.fixture(scope="module")
def weight(site: Site) -> Weight:
    portal = Portal(site)
    person = site.attacker.person
    with portal.watched():
        job = site.attacker.start("weight.py", **BOUNDS, memory=(site.memory_mb or MUCH_MEMORY_MB) * 5 // 4)
        ended = person.wait_for_job(job, JOB_SECONDS)
    return Weight(job, ended, site.attacker.told(job), portal)


def test_five_hundred_processes_and_a_memory_hog_are_their_own_machines_trouble(site: Site, weight: Weight) -> None:
    assert weight.told, site.attacker.person.log(weight.job)[-3000:]
    assert (weight.told["forked"], weight.ended["status"]) == (BOUNDS["processes"], "succeeded"), weight.ended
    # Who takes more memory than the server has ends; should the machine's end, programs of servers end first.
    assert weight.told["ended"] == signal.SIGKILL if site.memory_mb else weight.told["first to be killed"] > 0
    assert site.most_processes in (None, weight.told["processes"])


def test_the_portal_answers_meanwhile(weight: Weight) -> None:
    portal = weight.portal
    assert portal.wrong == []
    assert len(portal.seconds) > 5
    figures = (round(statistics.median(portal.seconds), 2), round(max(portal.seconds), 2))
    print("median and slowest answer of the portal, in seconds:", *figures)
    assert figures < (USUAL_SECONDS, SLOWEST_SECONDS)
    assert max(portal.seconds) < SLOWEST_SECONDS


def test_another_cluster_works_on_in_good_health(site: Site, weight: Weight) -> None:
    assert site.is_whole()
    assert site.victim.person.cluster(site.victim.id)["health"]["state"] == "good"


def test_of_a_gigabyte_of_log_the_portal_keeps_the_ends(site: Site, weight: Weight) -> None:
    log = site.attacker.person.log(weight.job)
    assert len(log) < LOG_BYTES * 1.1
    assert "bytes of this log were left out" in log


def test_of_an_output_the_portal_keeps_what_is_within_its_bound_and_no_link(
    site: Site, weight: Weight, tmp_path: Path
) -> None:
    person = site.attacker.person
    kept = {row["path"]: row for row in person.outputs(weight.job)}
    assert set(kept) == {"huge", "small"}
    person.download(weight.job, "small", tmp_path / "small")
    assert (tmp_path / "small").read_text() == "small"
    assert kept["huge"]["size"] == BOUNDS["output"] << 20 > OUTPUT_BYTES
    assert not kept["huge"]["uploaded"]
