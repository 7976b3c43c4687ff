"""A class presses Create in the same second: 200 creates at once, over HTTP, against a limit of 50 clusters.

    ./slipway tool python -m bench.creates [--students 200] [--limit 50] [--processes 2] [--rounds 3]

Real web processes and a real PostgreSQL, no cloud. Exactly as many as the limit allows must be accepted, every other
one refused with its reason, none lost. The figure is the 95th percentile of all answers when all are sent at once,
against the median of one create alone in the same run; beside it the same where they come spread over one second.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.web_processes import Fire, under_fire

MOST_TIMES = 10
ALONE = 20  # creates, one after the other


@dataclass
class Came:
    """Of each answer its status, how long it took and the reason that it gave."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

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


def together(fire: Fire, students: int, spread: float = 0.0) -> Came:
    """Each student's create at the same moment, or at equal distances within `spread` seconds."""
    came, at_once = Came(), threading.Barrier(students)

    def press(number: int) -> None:
        at_once.wait(60)
        time.sleep(spread * number / students)
        began = time.perf_counter()
        status, _, body = fire.ask("POST", "/clusters", number, fire.wish(f"of-{number}"))
        came.seconds.append(time.perf_counter() - began)
        came.statuses[status] += 1
        came.reasons.append(body.get("detail", ""))

    with ThreadPoolExecutor(students) as pool:
        list(pool.map(press, range(students)))
    return came


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
    with under_fire(options.students, limit=options.limit, workers=options.processes) as fire:
        together(fire, options.students)  # every process is warm
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
                clear(fire)
    times = statistics.median(figures)
    print(f"p95 of {options.students} at once: {times:.1f} times one create alone (at most {MOST_TIMES})")
    return 0 if good and times <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
