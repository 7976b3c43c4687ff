"""A million hours of usage rated and posted, against the bare INSERT ... SELECT of the same rows into the same tables.

    ./slipway tool python -m bench.rating [--rows 1000000]

Both write the same transactions and postings under the same indexes, constraints and triggers, in turns, in a
PostgreSQL of its own; the bare way reads them from plain tables. The figure is the ratio of the medians. Memory is
what PostgreSQL's process has for itself at most, with all of the rows and with a tenth of them. It fails where a bound
is missed, or where the checker finds fault with what was posted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from launcher import postgres

MOST_RATIO, MOST_GROWTH_MB = 3.0, 32
ROUNDS = 3
RATES = """
INSERT INTO billing_rate (kind, name, price, valid_from, correcting, memo, made_by, made_at)
SELECT CASE WHEN number < 10 THEN 'node' ELSE 'gpu' END, CASE WHEN number < 10 THEN 'flavor-' || number ELSE '' END,
       0.7 + number, '2026-01-01'::timestamptz, false, '', '', now()
FROM generate_series(0, 10) AS number
"""
# 20 courses with 50 people each; a node's hours follow one another, as they come.
USAGE = """
INSERT INTO billing_usage (resource, subject, kind, name, quantity, course, person, hour, seconds)
SELECT format('%%s/worker-%%s', md5((number %% 2000)::text)::uuid, number %% 7), md5((number %% 2000)::text)::uuid,
       'node', 'flavor-' || number %% 10, (number %% 50 = 0)::int,
       'course-' || number %% 20, 'person-' || number %% 1000,
       '2026-02-01'::timestamptz + number / 2000 * interval '1 hour', 1 + number %% 3600
FROM generate_series(0, %s - 1) AS number
"""
KEEP = (
    "CREATE UNLOGGED TABLE kept_transaction AS TABLE billing_transaction ORDER BY id",
    "CREATE UNLOGGED TABLE kept_posting AS TABLE billing_posting ORDER BY id",
    "ANALYZE",
)
EMPTY = (
    "TRUNCATE billing_posting, billing_transaction, billing_charged RESTART IDENTITY",
    "UPDATE billing_account SET balance = 0",
)
BARE = (
    "INSERT INTO billing_transaction SELECT * FROM kept_transaction",
    "INSERT INTO billing_posting SELECT * FROM kept_posting",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with database():
        from billing import checker, rating

        def bare() -> None:
            from django.db import transaction

            with transaction.atomic():
                execute(*BARE)

        _, small = measured(prepared(rows // 10, rating.rate))
        execute(*EMPTY)
        execute("TRUNCATE billing_posting, billing_transaction, billing_usage, billing_account RESTART IDENTITY")
        execute_with(USAGE, rows)
        execute("ANALYZE")
        _, large = measured(rating.rate)
        faults = checker.faults()
        execute(*KEEP)
        rated, plain = [], []
        for number in range(ROUNDS):
            for figures, run in ((plain, bare), (rated, rating.rate)):
                execute(*EMPTY, "VACUUM")
                figures.append(measured(run)[0])
            load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
            print(f"round {number + 1}: rated {rated[-1]:.1f} s, bare {plain[-1]:.1f} s, {load}", flush=True)
        return report(rows, statistics.median(rated), statistics.median(plain), small, large, faults)


def report(rows: int, rated: float, plain: float, small: float, large: float, faults: list[str]) -> int:
    ratio, growth = rated / plain, large - small
    print("\n".join(faults[:5]))
    print(f"{rows:,} hours: {rated:.1f} s, {ratio:.2f} times the bare {plain:.1f} s (at most {MOST_RATIO})")
    print(f"memory at most {large:.0f} MB, with a tenth of the rows {small:.0f} MB (at most {MOST_GROWTH_MB} more)")
    good = ratio <= MOST_RATIO and growth <= MOST_GROWTH_MB and not faults
    print("ok" if good else "MISSED")
    return 0 if good else 1


def prepared(rows: int, run: Callable[[], None]) -> Callable[[], None]:
    execute(RATES)
    execute_with(USAGE, rows)
    execute("ANALYZE")
    return run


def measured(run: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and the most MB that the database's process had for itself."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        status = Path(f"/proc/{cursor.fetchone()[0]}/status")
    peak, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            words = dict(line.split(":", 1) for line in status.read_text().splitlines())
            peak[0] = max(peak[0], int(words["RssAnon"].split()[0]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    run()
    elapsed = time.monotonic() - began
    ended.set()
    watcher.join()
    return elapsed, peak[0] / 1024


def execute(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def execute_with(statement: str, *values: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@contextmanager
def database() -> Iterator[None]:
    """The portal's tables in a PostgreSQL of its own."""
    import tests.environment  # noqa: F401 settings under which the portal can be imported

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    with postgres.temporary() as server:
        connection.settings_dict.update(HOST=str(server.socket), NAME="postgres")
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE bench")
        connection.close()
        connection.settings_dict["NAME"] = "bench"
        call_command("migrate", verbosity=0)
        yield
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
