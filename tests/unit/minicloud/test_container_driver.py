"""What a container is given: a flavor's bounds, few rights, and its user-data as cloud-init looks for it."""

from __future__ import annotations

import io
import json
import shlex
import tarfile
from pathlib import Path
from typing import Any

import yaml

from minicloud import container_driver as driver

RECORD: dict[str, Any] = {
    "name": "worker-01",
    "flavor": {"name": "medium", "vcpus": 2, "memory_mb": 3072},
    "user_data": "#cloud-config\nruncmd:\n  - [touch, /ä]\n",
    "ports": [{"address": "198.18.3.10"}],
}


def options() -> dict[str, Any]:
    return driver.host_options(RECORD, Path("/home/servers/a"), Path("/run/s/a"))


def test_a_flavor_bounds_memory_processors_and_processes() -> None:
    found = driver.bounds(RECORD["flavor"])
    assert found == {
        "mem_limit": 3072 * 1024 * 1024,
        "memswap_limit": 3072 * 1024 * 1024,
        "nano_cpus": 2_000_000_000,
        "pids_limit": 4096,
    }


def test_it_has_few_rights_and_can_get_no_more() -> None:
    found = options()
    assert found["cap_drop"] == ["ALL"]
    assert not {"SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "MKNOD"} & set(found["cap_add"])
    assert found["security_opt"] == ["no-new-privileges"]
    assert "privileged" not in found


def test_it_sees_nothing_of_the_machine_but_its_console_and_its_own_door() -> None:
    binds = options()["binds"]
    assert {source: bind["mode"] for source, bind in binds.items()} == {
        "/home/servers/a/console.log": "rw",
        "/run/s/a": "ro",
    }


def test_its_data_are_on_a_volume_without_a_name_which_goes_with_it() -> None:
    volume = driver.data_volume({"slipway.server": "one"})
    assert "Source" not in volume
    assert volume["Target"] == "/var/lib/slipway"
    assert volume["VolumeOptions"]["Labels"] == {"slipway.server": "one"}


def test_it_ends_before_the_portal_where_the_machine_has_no_memory_left() -> None:
    assert options()["oom_score_adj"] > 0


def test_cloud_init_finds_the_user_data_as_it_was_given_and_the_servers_id() -> None:
    with tarfile.open(fileobj=io.BytesIO(driver.packed(driver.files_of("one", RECORD)))) as archive:
        content = {entry.name: archive.extractfile(entry) for entry in archive.getmembers()}
        found = {name: stream.read().decode() for name, stream in content.items() if stream}
        modes = {entry.name: (entry.mode, entry.uid) for entry in archive.getmembers()}
    seed = "var/lib/cloud/seed/nocloud"
    assert found[f"{seed}/user-data"] == RECORD["user_data"]
    # cloud-init reads it as YAML.
    assert yaml.safe_load(found[f"{seed}/meta-data"]) == {"instance-id": "one", "local-hostname": "worker-01"}
    assert json.loads(found[f"{seed}/meta-data"])
    assert modes[f"{seed}/user-data"] == (0o600, 0)


def test_mount_is_a_program_that_asks_at_the_servers_door() -> None:
    files = {file["path"]: file for file in driver.files_of("one", RECORD)}
    program = files["/usr/local/sbin/mount"]
    words = shlex.split(program["content"].splitlines()[1])
    assert words[1] == "/usr/bin/python3"
    assert words[-5:] == ["/usr/lib/slipway/mount_program.py", "/", "/run/slipway-server/mount.sock", "mount", "$@"]
    assert program["permissions"] == 0o755
    assert "/usr/lib/slipway/mount_program.py" in files
