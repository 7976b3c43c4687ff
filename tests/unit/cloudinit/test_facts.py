"""Facts are checked before anything is done with them, and what is wrong is named."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from cloudinit.frameworks import manifest
from cloudinit.slipway_node.facts import (
    FactsError,
    Machine,
    Mount,
    Packages,
    check_address,
    check_role,
    parse_facts,
    parse_portal,
    parse_signal,
    read_document,
    read_machine,
)

BUNDLE = "1-abcdef012345"
SECRET = "0123456789abcdef0123456789abcdef"
FACTS: dict[str, Any] = {
    "version": 2,
    "bundle": BUNDLE,
    "cluster": {
        "id": "5b6c",
        "name": "flights",
        "domain": "c1.slipway.internal",
        "framework": "spark",
        "gateway": "127.88.3.2",
        "boot_seconds": 840,
        "storage": "root",
        "mounts": [{"path": "/data/course", "protocol": "NFS", "export": ["10.0.0.1:/shares/1"], "access": "ro"}],
        "gpus": 0,
        "settings": {"spark": {"spark.sql.shuffle.partitions": "8"}, "hadoop": {}},
        "packages": {"index": "", "names": ["polars[pandas]==1.0"]},
    },
    "secret": SECRET,
    "volumes": [],
    "node": {"name": "worker-01", "role": "worker"},
    "hosts": {"master": "127.88.3.10", "worker-01": "127.88.3.11"},
    "portal": {"url": "http://127.0.0.1:8000", "credential": "c.n.x"},
    "signal": {"endpoint": "http://127.0.0.1:1/signal", "token": "t"},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(FACTS)
    *folders, last = path.split(".")
    place = document
    for key in folders:
        place = place[key]
    place[last] = value
    return document


def test_it_takes_facts_that_are_right() -> None:
    facts = parse_facts(FACTS, BUNDLE)
    assert (facts.name, facts.role, facts.hosts["master"]) == ("worker-01", "worker", "127.88.3.10")
    assert check_role(facts, manifest).name == "spark"
    assert facts.mounts == (Mount("/data/course", "NFS", ["10.0.0.1:/shares/1"], "ro"),)
    assert facts.settings["spark"] == {"spark.sql.shuffle.partitions": "8"}
    assert facts.packages == Packages("", ("polars[pandas]==1.0",))
    assert (facts.boot_seconds, facts.storage, facts.volumes, facts.gpus) == (840, "root", (), 0)


def test_what_a_cluster_does_not_ask_for_may_be_left_out() -> None:
    document = copy.deepcopy(FACTS)
    for name in ("storage", "mounts", "gpus", "settings", "packages"):
        del document["cluster"][name]
    del document["volumes"]
    facts = parse_facts(document, BUNDLE)
    assert (facts.storage, facts.mounts, facts.gpus, facts.packages) == ("root", (), 0, Packages())


def test_it_names_both_versions_of_facts_that_it_does_not_know() -> None:
    with pytest.raises(FactsError, match=r"version 7, but this bundle \(1-abcdef012345\) knows version 2"):
        parse_facts(changed("version", 7), BUNDLE)


def test_it_names_both_bundles_when_the_portal_expects_another() -> None:
    with pytest.raises(FactsError, match="'1-abcdef012345', but this node has '1-ffff'"):
        parse_facts(FACTS, "1-ffff")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("secret", "short"),
        ("secret", "spaces are no good here\nspark.x y"),
        ("cluster.domain", "a b"),
        ("node.name", "Master"),
        ("node.name", "worker-09"),
        ("hosts", []),
        ("hosts.worker-01", "::1"),
        ("hosts.worker-01", "127.1"),
        ("hosts", {"worker-01": "127.0.0.1", "x\ny": "127.0.0.2"}),
        ("cluster.gateway", None),
        ("cluster", None),
        ("cluster.boot_seconds", None),
        ("cluster.boot_seconds", 1e9),
        ("cluster.storage", "tape"),
        ("cluster.storage", "volumes"),
        ("volumes", ["5b6c"]),
        ("volumes", ["../sda"]),
        ("cluster.mounts", "x"),
        ("cluster.mounts", ["x"]),
        ("cluster.mounts", [{"path": "/etc/../x", "protocol": "NFS", "export": "a:/b", "access": "rw"}]),
        ("cluster.mounts", [{"path": "/etc", "protocol": "NFS", "export": "a:/b", "access": "rw"}]),
        ("cluster.mounts", [{"path": "/data//x", "protocol": "NFS", "export": "a:/b", "access": "rw"}]),
        ("cluster.mounts", [{"path": "/var/lib/x", "protocol": "NFS", "export": "a:/b", "access": "rw"}]),
        ("cluster.mounts", [{"path": "/data", "protocol": "SMB", "export": "a:/b", "access": "rw"}]),
        ("cluster.mounts", [{"path": "/data", "protocol": "NFS", "export": [], "access": "rw"}]),
        ("cluster.gpus", -1),
        ("cluster.settings", {"spark": ["x"]}),
        ("cluster.settings", {"spark": {"spark.x": "1\nspark.authenticate false"}}),
        ("cluster.settings", {"hadoop": {"dfs.x y": "1"}}),
        ("cluster.packages", {"names": ["--index-url=http://x"]}),
        ("cluster.packages", {"names": ["x @ http://y/z"]}),
        ("cluster.packages", {"index": "file:///etc"}),
        ("portal", None),
        ("signal.endpoint", ""),
    ],
)
def test_it_names_the_fact_that_is_wrong_and_never_the_secret(path: str, value: Any) -> None:
    with pytest.raises(FactsError) as caught:
        parse_facts(changed(path, value), BUNDLE)
    assert path.split(".")[-1].rstrip("s") in str(caught.value) or path.split(".")[0] in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "spaces are no good" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value"), [("node.role", "driver"), ("node.role", "master"), ("cluster.framework", "flink")]
)
def test_it_refuses_a_role_that_the_framework_does_not_give_this_node(path: str, value: str) -> None:
    with pytest.raises(FactsError):
        check_role(parse_facts(changed(path, value), BUNDLE), manifest)


def test_it_refuses_a_setting_that_carries_security_and_names_it() -> None:
    document = changed("cluster.settings", {"spark": {"spark.authenticate": "false"}})
    with pytest.raises(FactsError, match=r"spark setting 'spark\.authenticate'"):
        check_role(parse_facts(document, BUNDLE), manifest)


def test_it_shows_no_secret_when_facts_are_printed() -> None:
    assert SECRET not in repr(parse_facts(FACTS, BUNDLE))


def test_it_finds_the_way_to_tell_of_failure_in_facts_of_any_version() -> None:
    signal, portal = parse_signal(changed("version", 99)), parse_portal(changed("version", 99))
    assert signal is not None
    assert signal.endpoint.endswith("/signal")
    assert portal is not None
    assert portal.credential == "c.n.x"
    assert parse_signal({"signal": 3}) is None
    assert parse_portal({"portal": {"url": 1}}) is None


def test_it_says_what_is_wrong_with_a_file_that_is_no_facts(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    with pytest.raises(FactsError, match="cannot be read"):
        read_document(file)
    for text in ("{", "[]"):
        file.write_text(text)
        with pytest.raises(FactsError, match="JSON"):
            read_document(file)
    file.write_text(json.dumps(FACTS))
    assert read_document(file) == FACTS


def test_it_takes_the_machines_figures_from_the_environment_or_the_machine(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("")
    java.chmod(0o755)
    environment = {
        "PATH": str(tmp_path),
        "SLIPWAY_NODE_ROOT": "/srv/x",
        "SLIPWAY_MEMORY_MB": "1536",
        "SLIPWAY_VCPUS": "2",
    }
    machine = read_machine(environment)
    assert (machine.memory_mb, machine.vcpus, machine.embedded, machine.java) == (1536, 2, True, java)
    own = read_machine({"PATH": str(tmp_path)})
    assert own.memory_mb > 0
    assert own.vcpus > 0
    assert not own.embedded
    with pytest.raises(FactsError, match="SLIPWAY_VCPUS"):
        read_machine({**environment, "SLIPWAY_VCPUS": "two"})
    with pytest.raises(FactsError, match="no java"):
        read_machine({"PATH": "/nowhere"})


def test_it_refuses_an_address_that_the_others_do_not_know() -> None:
    machine = Machine(Path("/x"), "127.88.3.99", 1, 1, Path("/r"), Path("/j"))
    with pytest.raises(FactsError, match=r"127\.88\.3\.99.*127\.88\.3\.11"):
        check_address(parse_facts(FACTS, BUNDLE), machine)
