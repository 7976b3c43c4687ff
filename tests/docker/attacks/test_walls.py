"""What only containers have around them: a job and the container's own root try to come out, strangers to come in.

No escape is tried with its guard off. That a program can do its deeds is shown where they harm nothing: in a container
without a network and without anything of this machine's, which is given the rights that nodes have not.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from launcher.testing import Embedded
from tests.attacks import jobs, test_hdfs
from tests.attacks.site import Json, Request, Site, Stand, told_in
from tests.docker.attacks.place import SPARE, as_root, container, image_and_network, nobodys_container, ports_of
from tests.docker.nodes import Node
from tests.docker_engine import docker
from tests.e2e import faults

ATTACKS, OWN = Path(jobs.__file__).parent, Path(__file__).with_name("jobs")
RIGHTS = ("MKNOD", "NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SYS_CHROOT")
# Of what they open, these are shown: all else would be a way out of that container too.
SHOWN = (
    *("mount a file system", "make a device", "another root folder"),
    *("a namespace of users", "a namespace of mounts", "a namespace of networks"),
    *("a raw socket", "a socket for whole packets", "one more address"),
)
# Each of them changes what the whole machine does, or a container's bounds.
LEVERS = (
    *("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/panic_on_oom"),
    *("/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/sys/power/state"),
    *("/sys/fs/cgroup/*/release_agent", "/sys/fs/cgroup/*/notify_on_release", "/sys/fs/cgroup/*/cgroup.procs"),
    *("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max", "/dev/mem", "/dev/kmsg"),
)
READABLE = "/proc/self/comm"  # and to be written by whoever it is
NOBODY = 65534


def wishes(site: Site, house: Embedded) -> Json:
    disk = house.home.stat().st_dev
    return {
        "disk": [os.major(disk), os.minor(disk)],
        "card": "eth0",
        "free": f"{faults.address_block(house)}.{SPARE}",
        "theirs": site.victim.address("worker-01"),
        "door": site.victim.address("master"),
        "paths": [READABLE, *LEVERS],
    }


@pytest.fixture(scope="module", params=["job", "root"])
def tried(request: pytest.FixtureRequest, site: Site, house: Embedded, attacker: Node) -> Json:
    """What came of it in the attacker's container: as a job, and as the container's root."""
    program, arguments = OWN / "escapes.py", wishes(site, house)
    found: Json = (
        site.attacker.run(str(program), **arguments)
        if request.param == "job"
        else as_root(attacker, program, arguments)
    )
    return found


def test_nobody_in_a_container_does_what_is_the_machines_roots(tried: Json) -> None:
    assert len(tried["deeds"]) > len(SHOWN)
    assert {name: what for name, what in tried["deeds"].items() if not what.startswith("refused")} == {}


def test_nobody_in_a_container_lays_hands_on_the_machines_levers(tried: Json) -> None:
    opened = dict(tried["opened"])
    assert opened.pop(READABLE) == "done"
    assert len(opened) > len(LEVERS)
    assert {path: what for path, what in opened.items() if not what.startswith("refused")} == {}


def test_the_program_of_these_attacks_does_its_deeds_where_it_may(site: Site, house: Embedded, engine: str) -> None:
    arguments = {**wishes(site, house), "deeds": SHOWN, "card": "lo", "paths": [READABLE]}
    rights = ["--security-opt=apparmor=unconfined", *(f"--cap-add={name}" for name in RIGHTS)]
    with container(engine, house, "--network=none", *rights) as identifier:
        words = ("exec", identifier, "python3", "-c", (OWN / "escapes.py").read_text(), json.dumps(arguments))
        told = told_in(docker(engine, *words).stdout)
    assert told == {"deeds": dict.fromkeys(SHOWN, "done"), "opened": {READABLE: "done"}}


def test_a_containers_root_sees_nothing_of_the_machine_or_of_another_container(site: Site, attacker: Node) -> None:
    places = {**site.files, "the engine's socket": "/var/run/docker.sock", "memory": "/dev/mem"}
    places["the kernel"] = "/proc/kcore"
    places |= {f"{name}, by the first process": f"/proc/1/root{path}" for name, path in site.files.items()}
    arguments = {"files": places, "sockets": site.sockets, "words": [], "through": list(site.files.values())}
    told = as_root(attacker, ATTACKS / "looking.py", arguments)
    assert told["own"].startswith("read")
    # The engine puts an empty file in the place of what the kernel shows of its memory.
    assert told["files"].pop("the kernel") in ("read 0", "refused: No such file or directory")
    assert {name: what for name, what in told["files"].items() if not what.startswith("refused")} == {}
    assert not [name for name, what in told["sockets"].items() if what == "connected"]
    assert told["ways"] == []


def test_a_containers_root_mounts_no_folder_that_its_cluster_does_not(site: Site, attacker: Node) -> None:
    told = as_root(attacker, ATTACKS / "mounting.py", {"export": site.export, "data": site.share})
    assert [name for name, (code, _, files) in told["mounts"].items() if code == 0 or files] == []
    assert "access denied by server" in told["mounts"]["as it is"][1]
    assert not [path for path, text in told["paths"].items() if site.words in text]


def test_what_a_containers_root_leaves_is_for_nobody_on_the_machine_to_run(house: Embedded, attacker: Node) -> None:
    """Its root is the machine's: a file of its making there that all may run would be one with root's right."""
    console = attacker.folder / "console.log"
    attacker.says("chmod", "4777", "/var/log/console.log")
    try:
        assert console.stat().st_mode & 0o7777 == 0o4777
        assert may_nobody("-e", house.home / "minicloud")  # so far everybody comes
        assert not may_nobody("-e", console)
    finally:
        attacker.says("chmod", "600", "/var/log/console.log")
    for deed in (("touch", "/run/slipway-server/left"), ("chmod", "777", "/run/slipway-server")):
        assert "Read-only file system" in attacker.run(*deed).stderr


def may_nobody(what: str, path: Path) -> bool:
    done = subprocess.run(["test", what, path], check=False, user=NOBODY, group=NOBODY, extra_groups=[])
    return done.returncode == 0


def test_a_crowd_of_threads_is_bounded_and_nobody_elses_trouble(site: Site, attacker: Node, victim: Node) -> None:
    bound = attacker.inspect()["HostConfig"]["PidsLimit"]
    words = ("python3", "-c", (OWN / "crowd.py").read_text(), json.dumps({"threads": 2 * bound}))
    told = told_in(attacker.says(*words, user="slipway"))
    assert bound / 2 < told < bound
    assert attacker.says("echo", "it goes on") == "it goes on"
    assert victim.inspect()["State"]["Running"]
    assert site.is_whole()


def test_of_this_machines_own_services_containers_reach_the_portal_and_heat_alone(
    site: Site, house: Embedded, attacker: Node
) -> None:
    ports = ports_of(house)
    machine = f"{faults.address_block(house)}.1"
    found = site.ask({name: Request(f"http://{machine}:{port}/") for name, port in ports.items()})
    reached = {name for name in ports if found[name].status}
    assert reached == {"web", "heat"} < set(ports)


def test_to_hdfs_whoever_is_on_this_machine_is_a_stranger(site: Site) -> None:
    """Nobody but root can take another address here than the machine's own in the containers' network."""
    answers = Stand("").ask(test_hdfs.requests(site))
    assert {name: answer for name, answer in answers.items() if not site.refuses(answer)} == {}
    page = Request(f"http://{site.victim.address('master')}:9870/jmx")
    assert site.inside.ask({"page": page})["page"].status == 200


def test_hdfs_answers_no_container_of_another_network(site: Site, house: Embedded, engine: str) -> None:
    docker(engine, "network", "create", "elsewhere")
    try:
        with nobodys_container(house, engine, "elsewhere") as elsewhere:
            answers = elsewhere.ask(test_hdfs.requests(site))
    finally:
        docker(engine, "network", "rm", "elsewhere")
    assert {name: answer for name, answer in answers.items() if answer.status not in (0, 403)} == {}


def test_the_engine_gives_no_address_of_a_node_and_not_the_gateways_to_another(
    site: Site, house: Embedded, engine: str
) -> None:
    image, network = image_and_network(house)
    block = faults.address_block(house)

    def start_at(address: str) -> subprocess.CompletedProcess[str]:
        words = ("--network", network, "--ip", address, "--entrypoint", "true")
        return docker(engine, "run", "--rm", *words, image, check=False)

    assert start_at(f"{block}.{SPARE}").returncode == 0
    for taken in (site.victim.address("worker-01"), f"{block}.2"):
        refused = start_at(taken)
        assert refused.returncode != 0
        assert "Address already in use" in refused.stderr
