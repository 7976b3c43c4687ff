"""160 workers: rendered in at most 100 ms, and in less than a twentieth of what Heat takes to validate the template.

    ./slipway tool python -m bench.render [--workers 160]

Rendering is timed in this process, validation through the API of the embedded Heat of a house of its own, in turns.
Both are medians. It fails where a bound is missed or Heat or the lint finds fault with the template.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

from heat_templates import ClusterSpec, Rendering, render
from heat_templates.lint import lint
from launcher.testing import embedded
from tests.e2e.remains import heat

MOST_SECONDS, MOST_SHARE = 0.100, 1 / 20
ROUNDS, RENDERINGS = 3, 5  # renderings in each round, between two validations
FRAMEWORK = "spark"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=160)
    spec = make_spec(parser.parse_args().workers)
    rendering = render(spec)
    findings = lint(rendering.template)
    print(
        f"{len(spec.worker_numbers)} workers: {len(rendering.template):,} bytes, {len(findings)} findings of the lint"
    )
    renderings, validations = [], []
    with embedded() as house:
        stacks = heat(house, "demo").stacks
        given = rendering.parameters | {"cluster_secret": "s", "node_credentials": "{}"}
        for _ in range(ROUNDS):
            renderings += [seconds(lambda: render(spec)) for _ in range(RENDERINGS)]
            validations.append(seconds(lambda: stacks.validate(template=rendering.template, parameters=given)))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return 1 if findings else report(statistics.median(renderings), statistics.median(validations))


def make_spec(workers: int) -> ClusterSpec:
    return ClusterSpec.from_mapping(
        {
            "id": str(uuid.UUID(int=160)),
            "name": "a cluster of many workers",
            "framework": FRAMEWORK,
            "workers": workers,
            "flavor": "small",
            "image": "slipway-spark",
            "network": "campus",
            "bundle_version": "1-abcdef012345",
            "portal_url": "http://127.0.0.1:8000",
            "gateway_address": "127.88.3.2",
            "owner": "student",
            "course": "demo",
        }
    )


def seconds(action: Callable[[], Rendering | Any]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def report(rendering: float, validation: float) -> int:
    share = rendering / validation
    print(f"rendered in {rendering * 1000:.1f} ms (at most {MOST_SECONDS * 1000:.0f})")
    print(f"validated by Heat in {validation * 1000:.0f} ms: rendering takes {share:.4f} of it (at most {MOST_SHARE})")
    good = rendering <= MOST_SECONDS and share < MOST_SHARE
    print("ok" if good else "MISSED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
