"""What can be chosen, what a boot came to, and the way in by SSH."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.unit.cli.shapes import CLUSTER_ID, cluster, page

OFFERED = {
    "frameworks": [{
        "name": "spark", "title": "Spark and HDFS", "description": "", "job_suffixes": [".py", ".jar"],
        "workers": {"minimum": 1, "maximum": 160, "default": 2},
    }],
    "flavors": [{"name": "small", "vcpus": 1, "memory_mb": 1536, "disk_gb": 4, "gpus": 0, "hourly": "0.500000"}],
    "images": [{"name": "node", "framework": "spark", "architecture": "x86_64", "bundle_version": "1-abc"}],
    "share_types": [
        {"name": "nfs", "title": "NFS", "protocol": "NFS", "for_scratch": True, "monthly": "0.040000"},
        {"name": "ceph", "title": "CephFS", "protocol": "CEPHFS", "for_scratch": False, "monthly": "0.000000"},
    ],
    "lacks": {"gpus": "it has none"},
}  # fmt: skip
LOG = "Traceback\n  OSError: no such host\n"


def event(node: str, state: str = "done", **more: Any) -> dict[str, Any]:
    return {
        "node": node, "step": "hosts", "title": "Learning the addresses", "state": state, "seconds": 1.25,
        "message": "", "log": "", "generation": 1, "at": "2026-11-21T18:00:00Z", **more,
    }  # fmt: skip


def with_key(**more: Any) -> dict[str, Any]:
    known = {"role": "worker", "state": "ready", "trouble": "", "kept_by": None, "storage": None}
    nodes = [
        {**known, "name": "master", "role": "master", "address": "10.0.0.4"},
        {**known, "name": "worker-01", "address": "10.0.0.5"},
        {**known, "name": "worker-02", "address": None},
    ]
    return cluster(**{"key_pair": "mine", "nodes": nodes, "name": "my flights", **more})


def test_what_can_be_chosen_is_shown_with_its_price(server: Any, slipway: Any) -> None:
    server.will_answer(200, OFFERED)
    done = slipway("offers")
    assert done.code == 0
    rows = [line.split() for line in done.out.splitlines()]
    assert ["small", "1", "1.5", "GB", "4", "GB", "0.5"] in rows
    assert ["node", "spark", "x86_64", "1-abc"] in rows
    assert ["nfs", "NFS", "folders,", "scratch", "0.04"] in rows
    assert ["ceph", "CephFS", "folders", "0"] in rows
    assert "Not here: gpus (it has none)" in done.out
    assert server.calls[0].path == "/api/v1/offers"


def test_with_json_what_can_be_chosen_is_what_the_api_says(server: Any, slipway: Any) -> None:
    server.will_answer(200, OFFERED)
    assert slipway("offers", "--json").json == OFFERED


def test_a_boot_that_failed_ends_with_what_its_machine_wrote(server: Any, slipway: Any) -> None:
    failed = event("worker-01", "failed", message="no such host", log=LOG)
    server.will_answer(200, page(event("master"), failed, event("worker-02")))
    done = slipway("cluster", "events", CLUSTER_ID)
    assert done.code == 0
    table, _, end = done.out.partition("\nworker-01: Learning the addresses failed: no such host\n")
    assert [line.split()[2] for line in table.splitlines()[2:]] == ["master", "worker-01", "worker-02"]
    assert end == LOG
    assert server.calls[0].path == f"/api/v1/clusters/{CLUSTER_ID}/events"


def test_steps_can_be_narrowed_and_be_read_by_programs(server: Any, slipway: Any) -> None:
    rows = [event("master", "failed", message="no", log=LOG)]
    server.will_answer(200, page(*rows))
    assert slipway("cluster", "events", CLUSTER_ID, "--failed", "--node", "master", "--json").json == rows
    assert server.calls[0].path == f"/api/v1/clusters/{CLUSTER_ID}/events?state=failed&node=master"
    server.will_answer(200, page())
    assert "nothing yet" in slipway("cluster", "events", CLUSTER_ID).err


def test_what_a_machine_wrote_gives_a_terminal_no_orders(server: Any, slipway: Any) -> None:
    escape = "\x1b[2J"
    server.will_answer(200, page(event(escape, "failed", title=escape, message=escape, log=escape)))
    assert "\x1b" not in slipway("cluster", "events", CLUSTER_ID).out


def test_without_a_key_pair_it_says_why_there_is_no_way_by_ssh(server: Any, slipway: Any) -> None:
    server.will_answer(200, with_key(key_pair=None, floating_ip="192.0.2.77"))
    done = slipway("cluster", "ssh-config", CLUSTER_ID)
    assert (done.code, done.out) == (3, "")
    assert "slipway job submit" in done.err
    server.will_answer(404, {"title": "No such cluster"})
    assert slipway("cluster", "ssh-config", CLUSTER_ID).code == 4


def test_a_cluster_without_addresses_is_nothing_to_log_in_to_yet(server: Any, slipway: Any) -> None:
    server.will_answer(200, with_key(nodes=[]))
    done = slipway("cluster", "ssh-config", CLUSTER_ID)
    assert (done.code, done.out) == (3, "")
    assert "no addresses" in done.err


def test_workers_are_reached_over_the_master_that_has_an_address_of_its_own(server: Any, slipway: Any) -> None:
    server.will_answer(200, with_key(floating_ip="192.0.2.77"))
    done = slipway("cluster", "ssh-config", CLUSTER_ID)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "Host my-flights-master\n    HostName 192.0.2.77\n    User debian\n"
        f"    HostKeyAlias {CLUSTER_ID}-master\n"
        "\nHost my-flights-worker-01\n    HostName 10.0.0.5\n    User debian\n"
        f"    HostKeyAlias {CLUSTER_ID}-worker-01\n    ProxyJump my-flights-master\n"
    )


def test_without_a_floating_ip_the_machines_have_the_addresses_of_the_cloud(server: Any, slipway: Any) -> None:
    for _ in range(2):
        server.will_answer(200, with_key())
    done = slipway("cluster", "ssh-config", CLUSTER_ID, "--user", "ubuntu")
    assert done.code == 0
    assert "HostName 10.0.0.4\n    User ubuntu" in done.out
    assert "ProxyJump" not in done.out
    assert "no floating IP" in done.err
    hosts = slipway("cluster", "ssh-config", CLUSTER_ID, "--json").json
    assert [(host["address"], host["jump"]) for host in hosts] == [("10.0.0.4", None), ("10.0.0.5", None)]


def test_nothing_of_a_name_becomes_a_line_of_the_configuration(server: Any, slipway: Any) -> None:
    order = "\n    ProxyCommand sh -c evil\n"
    nodes = [{"name": f"master{order}", "role": "master", "address": "10.0.0.4"},
             {"name": "worker-01", "role": "worker", "address": f"10.0.0.5{order}"}]  # fmt: skip
    server.will_answer(200, with_key(name=f"*{order}", nodes=nodes, floating_ip=order, id=order))
    done = slipway("cluster", "ssh-config", CLUSTER_ID)
    words = [line.split()[0] for line in done.out.splitlines()]
    assert words == ["Host", "HostName", "User", "HostKeyAlias"]


def test_ssh_takes_the_configuration(server: Any, slipway: Any, tmp_path: Path) -> None:
    server.will_answer(200, with_key(floating_ip="192.0.2.77", name="航班 数据"))
    written = tmp_path / "config"
    written.write_text(slipway("cluster", "ssh-config", CLUSTER_ID).out)
    host = f"cluster-{CLUSTER_ID[:8]}-worker-01"
    understood = subprocess.run(
        ["ssh", "-F", written, "-G", host], capture_output=True, text=True, check=True, timeout=30
    ).stdout.splitlines()
    assert {"hostname 10.0.0.5", f"proxyjump cluster-{CLUSTER_ID[:8]}-master", "user debian"} <= set(understood)
