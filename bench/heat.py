"""Stacks a minute through the embedded Heat: four resources a stack, 20 stacks at once, at least 200 a minute.

    ./slipway tool python -m bench.heat [--stacks 20] [--rounds 3]

Each round asks for all stacks at the same moment, waits until Heat says COMPLETE for every one, and deletes them; what
is deleted has to be gone before the next round. The stacks hold what a cluster's stack holds besides its servers:
a network, a port in it, a security group and a value that reads the port's address. The figure is the median of the
rounds after a first that warms up. It fails where it is missed or a stack does not come to COMPLETE.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from launcher.testing import Embedded, embedded
from tests.e2e.remains import heat

LEAST_A_MINUTE = 200
ROUND_SECONDS = 120.0
LOOK_SECONDS = 0.25  # each look costs Heat two queries a stack
TAG = "bench"
TEMPLATE = {
    "heat_template_version": "2021-04-16",
    "resources": {
        "net": {"type": "OS::Neutron::Net"},
        "members": {
            "type": "OS::Neutron::SecurityGroup",
            "properties": {"rules": [{"remote_mode": "remote_group_id"}]},
        },
        "port": {
            "type": "OS::Neutron::Port",
            "properties": {"network": {"get_resource": "net"}, "security_groups": [{"get_resource": "members"}]},
        },
        "address": {
            "type": "OS::Heat::Value",
            "properties": {"value": {"get_attr": ["port", "fixed_ips", 0, "ip_address"]}},
        },
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stacks", type=int, default=20, help="at once")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures = []
    with embedded() as house:
        for number in range(options.rounds + 1):
            made, gone = one_round(house, options.stacks)
            figure = 60 * options.stacks / made
            name = f"round {number}" if number else "warm-up"
            print(
                f"{name}: {options.stacks} stacks complete after {made:.2f} s, {figure:.0f} a minute; gone after "
                f"{gone:.2f} s; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors",
                flush=True,
            )
            figures += [figure] if number else []
    median = statistics.median(figures)
    good = median >= LEAST_A_MINUTE
    print(f"{median:.0f} stacks a minute (at least {LEAST_A_MINUTE}): {'ok' if good else 'MISSED'}")
    return 0 if good else 1


def one_round(house: Embedded, count: int) -> tuple[float, float]:
    """The seconds until all stacks are complete, and until all are gone again."""
    client = heat(house, "demo")
    client.stacks.list()  # logged in, before the clock runs
    names = [f"bench-{uuid.uuid4()}" for _ in range(count)]
    with ThreadPoolExecutor(count) as pool:
        began = time.monotonic()
        stacks = list(pool.map(lambda name: create(client, name), names))
        wait(client, "CREATE_COMPLETE", set(names))
        made = time.monotonic() - began
        began = time.monotonic()
        list(pool.map(client.stacks.delete, stacks))
        wait(client, "", set())
    return made, time.monotonic() - began


def create(client: Any, name: str) -> str:
    """The id of a new stack."""
    return str(client.stacks.create(stack_name=name, template=TEMPLATE, tags=TAG, timeout_mins=5)["stack"]["id"])


def wait(client: Any, status: str, names: set[str]) -> None:
    """Until exactly these stacks are there, each in this state."""
    deadline = time.monotonic() + ROUND_SECONDS
    while time.monotonic() < deadline:
        found = {stack.stack_name: stack.stack_status for stack in client.stacks.list(filters={"tags": TAG})}
        if any(state.endswith("FAILED") for state in found.values()):
            raise SystemExit(f"a stack failed: {found}")
        if found.keys() == names and set(found.values()) <= {status}:
            return
        time.sleep(LOOK_SECONDS)
    raise SystemExit(f"after {ROUND_SECONDS:.0f} s the stacks are {found}, not {status or 'gone'}")


if __name__ == "__main__":
    sys.exit(main())
