"""A class presses Create in the same second: 200 creates at once, over HTTP, against a limit of 50 clusters.

    ./slipway tool python -m bench.creates [--students 200] [--limit 50] [--processes 2] [--rounds 3]

Real web processes and a real PostgreSQL, no cloud. Exactly as many as the limit allows must be accepted, every other
one refused with its reason, none lost. The figure is the 95th percentile of all answers when all are sent at once,
against the median of one create alone in the same run; beside it the same where they come spread over one second.

Beside it stand the processor time of all 200 (what is made in the same second on so many processors cannot be answered
sooner than that sum, whoever waits for whom), and as many requests at once of a view that reads one row and asks for no
token: what this machine needs for 200 answers of any kind.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.processor_time import of_tree
from tests.web_processes import Answer, Fire, under_fire

MOST_TIMES = 10
ALONE = 20  # creates, one after the other


class Used(NamedTuple):
    """Processor seconds: of the web processes, of PostgreSQL and Redis, and of the clients, which are this process."""

    web: float
    stores: float
    clients: float

    @classmethod
    def until_now(cls, fire: Fire) -> Used:
        web, clients = of_tree(fire.processes["web"].pid), time.process_time()
        return cls(web, of_tree(os.getpid()) - web - clients, clients)

    def since(self, before: Used) -> Used:
        return Used(*(now - then for now, then in zip(self, before, strict=True)))


@dataclass
class Came:
    """Of each answer its status, how long it took and the reason that it gave."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    used: Used | None = None

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1]


def alone(fire: Fire) -> float:
    """The median of one create alone; what it made is taken away again."""
    seconds = []
    for number in range(ALONE):
        began = time.perf_counter()
        status, _, _ = fire.ask("POST", "/clusters", number, fire.wish(f"alone-{number}"))
        seconds.append(time.perf_counter() - began)
        assert status == 202, status
        clear(fire)
    return statistics.median(seconds)


def create(fire: Fire, student: int) -> Answer:
    return fire.ask("POST", "/clusters", student, fire.wish(f"of-{student}"))


def read_one_row(fire: Fire, student: int) -> Answer:
    return fire.ask_for("GET", f"/bare/{fire.course}", student)


def together(fire: Fire, students: int, spread: float = 0.0, request: Callable[[Fire, int], Answer] = create) -> Came:
    """Each student's request at the same moment, or at equal distances within `spread` seconds."""
    came, at_once = Came(), threading.Barrier(students)

    def press(number: int) -> None:
        at_once.wait(60)
        time.sleep(spread * number / students)
        began = time.perf_counter()
        status, _, body = request(fire, number)
        came.seconds.append(time.perf_counter() - began)
        came.statuses[status] += 1
        came.reasons.append(body.get("detail", ""))

    before = Used.until_now(fire)
    with ThreadPoolExecutor(students) as pool:
        list(pool.map(press, range(students)))
    came.used = Used.until_now(fire).since(before)
    return came


def busy(came: Came, one: float) -> str:
    """The time below which nobody comes on this machine: what the services use, shared by its processors."""
    assert came.used
    web, stores, clients = came.used
    least, processors = (web + stores) / (os.cpu_count() or 1), os.cpu_count()
    return (
        f"processor time: web {web:.2f} s, PostgreSQL and Redis {stores:.2f} s, clients {clients:.2f} s; "
        f"without the clients {least * 1000:.0f} ms on {processors} processors, {least / one:.1f} times one alone"
    )


def clear(fire: Fire) -> None:
    fire.sql("UPDATE clusters_cluster SET status = 'deleted', target = 'deleted', ended_at = now()")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    good, figures = True, []
    application = "bench.bare:application"
    with under_fire(options.students, limit=options.limit, workers=options.processes, application=application) as fire:
        together(fire, options.students)  # every process is warm
        together(fire, options.students, request=read_one_row)
        clear(fire)
        one = alone(fire)
        print(f"one create alone: {one * 1000:.1f} ms (median of {ALONE})")
        for _ in range(options.rounds):
            for words, spread in (("at once", 0.0), ("within a second", 1.0)):
                came = together(fire, options.students, spread)
                exact = came.statuses == {202: options.limit, 409: options.students - options.limit}
                good = good and exact
                times = came.p95 / one
                figures += [times] if not spread else []
                print(f"{words}: {dict(came.statuses)}, p95 {came.p95 * 1000:.0f} ms, {times:.1f} times one alone")
                print(f"  {busy(came, one)}")
                clear(fire)
            came = together(fire, options.students, request=read_one_row)
            print(f"a view that reads one row, at once: p95 {came.p95 * 1000:.0f} ms, {came.p95 / one:.1f} times")
    times = statistics.median(figures)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"p95 of {options.students} at once: {times:.1f} times one create alone (at most {MOST_TIMES})")
    return 0 if good and times <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
