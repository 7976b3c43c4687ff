"""The generator: golden templates, determinism, and text that stays data."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cloudinit.frameworks.manifest import NodeName
from heat_templates import (
    SECRET_PARAMETERS,
    ClusterSpec,
    SpecError,
    limits,
    made_anew_with,
    most_workers,
    render,
    schema,
    server_name,
)
from heat_templates.lint import lint

HERE = Path(__file__).parent
EXAMPLE = Path(__file__).parents[3] / "examples" / "cluster.yaml"


def example(**changes: Any) -> ClusterSpec:
    return ClusterSpec.from_mapping({**yaml.safe_load(EXAMPLE.read_text()), **changes})


def load(spec: ClusterSpec) -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(render(spec).template, yaml.CSafeLoader)
    return template


# What is asked for in each golden template, beside examples/cluster.yaml.
OWN_NETWORK = {"external": "campus", "cidr": "10.20.0.0/24"}
SIZE = {"vcpus": 2, "memory_mb": 4096}
DOCKER: dict[str, Any] = {"runtime": "nova-docker", "size": SIZE}
CONTAINER: dict[str, Any] = {"runtime": "zun", "size": SIZE}
LARGER_MASTER = {"master_flavor": "medium", "master_size": {"vcpus": 4, "memory_mb": 8192}}
GOLDEN: dict[str, dict[str, Any]] = {
    "spark-1": {"workers": 1},
    "spark-2": {"workers": 2},
    "grown-with-a-gap": {"workers": [1, 3]},
    "own-network": {
        "workers": 1,
        "network": None,
        "own_network": {"external": "campus", "cidr": "10.20.0.0/24", "dns": ["192.0.2.53"]},
    },
    "volumes": {
        "workers": 1,
        "master_flavor": "medium",
        "hdfs": {"storage": "volumes", "volume_gb": 100, "volumes_each": 2, "volume_type": "fast"},
    },
    "folders": {
        "workers": 1,
        "hdfs": {"storage": "ephemeral"},
        "scratch": {"size_gb": 10, "share_type": "nfs"},
        "folders": [
            {"path": "/data/course", "export": "192.0.2.7:/gpfs/fs1/course", "access": "ro"},
            {"path": "/data/ceph", "export": ["192.0.2.8,192.0.2.9:/volumes/1"], "protocol": "CEPHFS"},
        ],
    },
    "gpus": {
        "workers": 1,
        "architecture": "x86_64",
        "gpus": 1,
        "spread": True,
        "availability_zone": "nova",
        "settings": {"spark": {"spark.sql.shuffle.partitions": "8"}, "hadoop": {"dfs.blocksize": "64m"}},
        "python_packages": ["scipy==1.14.1"],
        "package_index": "https://mirror.example/simple",
    },
    "floating-ip": {
        "workers": 1,
        "key_pair": "mine",
        "floating_ip": {"network": "campus", "allowed": "192.0.2.0/24"},
    },
    "nova-docker": {
        "workers": 1,
        **DOCKER,
        **LARGER_MASTER,
        "scratch": {"size_gb": 10},
        "spread": True,
        "availability_zone": "nova",
    },
    "zun": {
        "workers": 1,
        **CONTAINER,
        **LARGER_MASTER,
        "network": None,
        "own_network": OWN_NETWORK,
    },
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_templates_are_what_is_rendered(name: str) -> None:
    golden = HERE / "golden" / f"{name}.yaml"
    assert render(example(**GOLDEN[name])).template == golden.read_text()
    assert lint(golden.read_text()) == []


def test_the_same_spec_gives_the_same_text() -> None:
    assert render(example()) == render(example())


def test_one_worker_more_leaves_every_other_node_as_it_was() -> None:
    fewer, more = load(example(workers=3))["resources"], load(example(workers=4))["resources"]
    assert {name for name in more if name not in fewer} == {
        f"worker-04{end}" for end in ("", "-port", "-handle", "-ready")
    }
    for name in fewer:
        if name != "hosts":
            assert more[name] == fewer[name]


def test_of_a_node_that_is_made_anew_all_is_replaced_but_its_address() -> None:
    spec = example(**GOLDEN["volumes"])
    of_the_worker = {name for name in load(spec)["resources"] if name.startswith("worker-01")}
    assert set(made_anew_with(spec, NodeName("worker-01", "worker"))) == of_the_worker - {"worker-01-port"}


def test_a_container_has_the_size_of_its_flavor_in_the_template_and_in_its_facts() -> None:
    """Zun's processors are a weight among its host's: a node that counts them itself would count the host's."""
    resources = load(example(**GOLDEN["zun"]))["resources"]
    for name, vcpus, memory in (("master", 4, 8192), ("worker-01", 2, 4096)):
        properties = resources[name]["properties"]
        assert (properties["cpu"], properties["memory"]) == (vcpus, memory)
        facts = properties["environment"]["SLIPWAY_FACTS"]["str_replace"]["params"]["$facts"]
        assert facts["node"]["vcpus"] == vcpus


def test_only_the_environment_of_a_container_holds_its_facts() -> None:
    template = load(example(**GOLDEN["zun"]))
    assert "user_data" not in template["parameters"]
    assert "flavor" not in template["parameters"]
    assert {each["type"] for each in template["resources"].values()}.isdisjoint({"OS::Nova::Server"})


def test_servers_are_never_replaced_for_their_user_data() -> None:
    servers = [r for r in load(example())["resources"].values() if r["type"] == "OS::Nova::Server"]
    assert len(servers) == 3
    assert {server["properties"]["user_data_update_policy"] for server in servers} == {"IGNORE"}


def test_secrets_are_hidden_parameters_and_stand_nowhere_else() -> None:
    rendering = render(example())
    declared = yaml.safe_load(rendering.template)["parameters"]
    assert {name for name in declared if declared[name].get("hidden")} == set(SECRET_PARAMETERS)
    assert set(rendering.parameters) == {name for name in declared if "default" not in declared[name]} - set(
        SECRET_PARAMETERS
    )
    assert rendering.template.count("cluster_secret") == 1 + 3  # declared, and in the facts of each node


def test_a_floating_ip_opens_the_pages_that_answer_strangers_and_no_other() -> None:
    rules = load(example(**GOLDEN["floating-ip"]))["resources"]["visitors"]["properties"]["rules"]
    assert {rule["port_range_min"] for rule in rules} == {22, 8080}  # HDFS's page answers its own and the gateway only


def test_a_network_of_its_own_goes_with_folders_that_know_machines_by_a_name() -> None:
    ceph = {"path": "/data/a", "export": "192.0.2.8:/volumes/1", "protocol": "CEPHFS"}
    assert example(network=None, own_network=OWN_NETWORK, folders=[ceph]).folders


def test_the_security_group_admits_the_cluster_and_the_gateway_only() -> None:
    rules = load(example())["resources"]["members"]["properties"]["rules"]
    own, *others = rules
    assert own == {"direction": "ingress", "ethertype": "IPv4", "remote_mode": "remote_group_id"}
    assert others
    for rule in others:
        assert rule["remote_ip_prefix"] == "127.88.3.2/32"
        assert rule["port_range_min"] == rule["port_range_max"]


def test_each_node_has_a_wait_condition_of_its_own() -> None:
    resources = load(example())["resources"]
    for name in ("master", "worker-01", "worker-02"):
        assert resources[f"{name}-ready"]["depends_on"] == name
        assert resources[f"{name}-ready"]["properties"]["handle"] == {"get_resource": f"{name}-handle"}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("workers", 0, "from 1 to 160"), ("workers", 161, "from 1 to 160"), ("workers", True, "whole number"),
        ("workers", "2", "whole number"), ("workers", [2, 1], "in their order"), ("workers", [], "1 to 160 different"),
        ("workers", [1, 1], "different numbers"), ("workers", [0], "from 1 to"), ("workers", [1, "2"], "numbers"),
        ("name", " ", "blank"), ("name", "", "1 to 60 characters"), ("name", "x" * 61, "1 to 60 characters"),
        ("name", "a\0b", "control characters"), ("name", "\ud800", "control characters"), ("id", "1", "UUID"),
        ("framework", "sparc", "there is spark"), ("gateway_address", "0.0.0.0/0", "IPv4 address"),
        ("gateway_address", "0.0.0.0", "of one host"), ("portal_url", "http://[", "http or https"),  # noqa: S104
        ("portal_url", "ftp://x", "http or https"), ("boot_timeout", 1, "120 to 3600"), ("flavor", None, "text of 1"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_is_allowed(field: str, value: object, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        example(**{field: value})
    assert says in caught.value.fields[field]


@pytest.mark.parametrize(
    ("fields", "path", "says"),
    [
        ({"hdfs": {"storage": "tape"}}, "hdfs.storage", "one of root, ephemeral, volumes"),
        ({"hdfs": {"storage": "volumes"}}, "hdfs.volume_gb", "goes with the storage volumes"),
        ({"hdfs": {"volume_gb": 5}}, "hdfs.volume_gb", "and only with it"),
        ({"hdfs": {"volumes": 5}}, "hdfs.volumes", "unknown; known are storage, volume_gb"),
        ({"floating_ip": {"network": "n", "allowed": "0.0.0.0/0"}}, "floating_ip.allowed", "never the whole world"),
        ({"floating_ip": {"network": "n", "allowed": "64.0.0.0/2"}}, "floating_ip.allowed", "at most a /16"),
        ({"floating_ip": {"network": "n", "allowed": "10.0.0.1/24"}}, "floating_ip.allowed", "without bits after"),
        ({"floating_ip": {"network": "n", "allowed": "10.0.0.0/15"}}, "floating_ip.allowed", "at most a /16"),
        ({"network": None}, "network", "ask for own_network"),
        ({"network": None, "own_network": OWN_NETWORK, "scratch": {"size_gb": 1}}, "own_network", "neither a scratch"),
        ({"network": None, "own_network": OWN_NETWORK, "folders": [{"path": "/a", "export": "x"}]},
         "own_network", "over NFS"),
        ({"own_network": {"external": "n", "cidr": "192.0.2.0/24"}}, "own_network.cidr", "192.168.0.0/16"),
        ({"own_network": {"external": "n", "cidr": "172.32.0.0/16"}}, "own_network.cidr", "172.16.0.0/12"),
        ({"own_network": {"external": "n", "cidr": "10.0.0.0/24"}}, "network", "one of the two"),
        ({"network": None, "workers": 3, "own_network": {"external": "n", "cidr": "10.0.0.0/29"}},
         "own_network.cidr", "has room for 3 machines, and there are 4"),
        ({"scratch": {}}, "scratch.size_gb", "missing"),
        ({"scratch": {"size_gb": 1, "path": "/etc/x"}}, "scratch.path", "in a folder of the system"),
        ({"scratch": {"size_gb": 1, "path": "/data/../etc"}}, "scratch.path", "absolute path of letters"),
        ({"scratch": {"size_gb": 1, "path": "/"}}, "scratch.path", "absolute path of letters"),
        ({"folders": [{"path": "/a", "export": 1}]}, "folders.0.export", "a text of 1 to 4096 characters, or a list"),
        ({"folders": [{"path": "/a", "export": "x"}, {"path": "/a/b", "export": "x"}]}, "folders.1.path", "inside"),
        ({"folders": [{"path": "/a", "export": "x"}, {"path": "/a", "export": "x"}]}, "folders.1.path", "inside"),
        ({"spread": "yes"}, "spread", "true or false"),
        ({"gpus": "1"}, "gpus", "a whole number from 0 to 16"),
        ({"availability_zone": "nova:host"}, "availability_zone", "a zone only"),
        ({"architecture": "m68k"}, "architecture", "one of x86_64, ppc64le, aarch64"),
        ({"settings": {"flink": {}}}, "settings.flink", "unknown; known are"),
        ({"settings": {"spark": {"get_param": "cluster_secret"}}}, "settings.spark.get_param", "a setting's name"),
        ({"settings": {"spark": {"spark.authenticate": "false"}}}, "settings.spark.spark.authenticate", "security"),
        ({"settings": {"spark": {"spark.x": "a\nb"}}}, "settings.spark.spark.x", "one line"),
        ({"settings": {"spark": {"spark.x": 8}}}, "settings.spark.spark.x", "a text of 0 to 1000 characters"),
        ({"python_packages": ["a @ http://b"]}, "python_packages.0", "no address"),
        ({"python_packages": ["--index-url=x"]}, "python_packages.0", "must be a package's name"),
        ({"python_packages": "scipy"}, "python_packages", "a list of at most 50"),
        ({"package_index": "https://user:password@mirror"}, "package_index", "must not hold a password"),
        ({"runtime": "lxc"}, "runtime", "one of nova, nova-docker, zun"),
        ({"runtime": "zun"}, "size", "must be there for zun"),
        ({"size": {"vcpus": 1, "memory_mb": 1024}}, "size", "the flavor says it"),
        ({**DOCKER, "size": {"vcpus": 0, "memory_mb": 1024}}, "size.vcpus", "a whole number from 1"),
        ({**DOCKER, "master_flavor": "medium"}, "master_size", "goes with size and master_flavor"),
        ({**DOCKER, "master_size": SIZE}, "master_size", "goes with size and master_flavor"),
        ({**DOCKER, "hdfs": {"storage": "volumes", "volume_gb": 1}}, "hdfs.storage", "attaches no volumes"),
        ({**DOCKER, "hdfs": {"storage": "ephemeral"}}, "hdfs.storage", "no ephemeral disks: ask for root"),
        ({**DOCKER, "gpus": 1}, "gpus", "nova-docker hands no devices"),
        ({**CONTAINER, "hdfs": {"storage": "volumes", "volume_gb": 1}}, "hdfs.storage", "ask for root"),
        ({**CONTAINER, "gpus": 1}, "gpus", "have no devices"),
        ({**CONTAINER, "key_pair": "mine"}, "key_pair", "Zun puts no keys into containers"),
        ({**CONTAINER, "scratch": {"size_gb": 1}}, "scratch", "mount no shares: keep files in HDFS"),
        ({**CONTAINER, "folders": [{"path": "/a", "export": "x"}]}, "folders", "mount no shares"),
        ({**CONTAINER, "spread": True}, "spread", "Zun knows no server groups"),
        ({**CONTAINER, "availability_zone": "nova"}, "availability_zone", "leave it to Zun's scheduler"),
        ({"software": {"url": "http://a/$facts", "sha512": "0" * 128}}, "software.url", "without blanks, quotes"),
        ({"software": {"url": "http://a", "sha512": "00"}}, "software.sha512", "128 hexadecimal digits"),
    ],
)  # fmt: skip
def test_a_fault_inside_a_field_is_named_by_its_path(fields: dict[str, Any], path: str, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        example(**fields)
    assert says in caught.value.fields[path]
    assert list(caught.value.fields) == [path]


def test_a_spec_comes_back_from_json_as_it_was() -> None:
    for asked in GOLDEN.values():
        spec = example(**asked)
        assert ClusterSpec.from_mapping(json.loads(json.dumps(spec.as_mapping()))) == spec


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        example(workers=0, id="x", name="")
    assert set(caught.value.fields) == {"workers", "id", "name"}


def test_unknown_and_missing_fields_are_named() -> None:
    with pytest.raises(SpecError) as caught:
        ClusterSpec.from_mapping({"wrokers": 2})
    assert "unknown" in caught.value.fields["wrokers"]
    assert caught.value.fields["workers"] == "missing"


@given(name=st.text(max_size=80), node=st.sampled_from(["master", "worker-160"]))
def test_server_names_are_host_names(name: str, node: str) -> None:
    made = server_name(name, example().id, node)
    assert len(made) <= 53
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", made)
    assert made.endswith(f"-{node}")


def test_a_spec_says_how_large_it_is_and_how_many_workers_would_be_the_most() -> None:
    figures = render(example(workers=160)).figures
    assert figures.resources == len(load(example(workers=160))["resources"]) == 3 + 4 * 161
    assert figures.template_bytes < limits.TEMPLATE_BYTES
    assert figures.user_data_bytes < limits.NODE_BYTES
    assert most_workers(example()) == 160


def test_what_heat_would_refuse_is_refused_with_the_figure() -> None:
    volumes = {"storage": "volumes", "volume_gb": 1, "volumes_each": 8}
    with pytest.raises(SpecError, match=r"1928 resources are more than Heat's 1000"):
        render(example(workers=160, hdfs=volumes))
    most = most_workers(example(hdfs=volumes))
    assert render(example(workers=most, hdfs=volumes)).figures.resources <= limits.RESOURCES
    with pytest.raises(SpecError, match="resources"):
        render(example(workers=most + 1, hdfs=volumes))


def test_settings_that_make_the_user_data_too_large_are_refused_with_the_figure() -> None:
    settings = {"spark": {f"spark.my.{number}": "x" * 1000 for number in range(9)}}
    with pytest.raises(SpecError, match=r"a node's user-data of \d+ bytes exceeds 8192"):
        render(example(settings=settings))
    assert most_workers(example(settings=settings)) == 0


def test_the_page_of_fields_is_the_one_that_the_code_gives() -> None:
    stale = "docs/cluster-spec.md is stale: ./slipway schema --markdown > docs/cluster-spec.md"
    assert (EXAMPLE.parents[1] / "docs" / "cluster-spec.md").read_text() == schema.markdown(), stale


def test_every_field_says_who_gives_it_and_what_it_is() -> None:
    for name, field in schema.whole()["properties"].items():
        assert field["x-from"] in ("person", "site"), name
        assert field["description"], name
        assert field["x-from"] == "site" or field["title"], name


def test_a_request_has_no_field_of_the_sites() -> None:
    request = schema.request()
    assert {"id", "owner", "course", "portal_url", "network", "folders"}.isdisjoint(request["properties"])
    assert set(request["required"]) == {"name", "framework", "workers", "flavor"}
    assert "$ref" not in json.dumps([request, schema.whole()])


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heat_templates", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_prints_template_and_parameters() -> None:
    assert run(str(EXAMPLE)).stdout == render(example()).template
    assert json.loads(run(str(EXAMPLE), "--parameters").stdout) == render(example()).parameters


def test_the_command_renders_for_another_runtime_than_the_specs() -> None:
    assert "runtime" not in EXAMPLE.read_text()
    refused = run(str(EXAMPLE), "--runtime", "zun")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "size: must be there for zun" in refused.stderr
    assert (
        "invalid choice: 'lxc' (choose from 'nova', 'nova-docker', 'zun')" in run(str(EXAMPLE), "--runtime=lxc").stderr
    )


def test_the_command_says_what_the_template_comes_to() -> None:
    figures = {**render(example()).figures._asdict(), "most_workers": 160}
    assert json.loads(run(str(EXAMPLE), "--json").stdout)["figures"] == figures
    assert f"{figures['resources']} resources" in run(str(EXAMPLE)).stderr
    assert "160 workers would be the most" in run(str(EXAMPLE)).stderr


def test_the_command_names_what_is_wrong(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("[]")
    assert run(str(spec)).returncode == 2
    assert "mapping of fields" in run(str(spec)).stderr
    spec.write_text("workers: 0")
    assert "name: missing" in run(str(spec)).stderr
    assert "cannot read" in run(str(tmp_path / "none.yaml")).stderr
