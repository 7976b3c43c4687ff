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

from heat_templates import SECRET_PARAMETERS, ClusterSpec, SpecError, render, server_name

HERE = Path(__file__).parent
EXAMPLE = Path(__file__).parents[3] / "examples" / "cluster.yaml"


def example(**changes: Any) -> ClusterSpec:
    return ClusterSpec.from_mapping({**yaml.safe_load(EXAMPLE.read_text()), **changes})


def load(spec: ClusterSpec) -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(render(spec).template, yaml.CSafeLoader)
    return template


@pytest.mark.parametrize("workers", [1, 2])
def test_the_golden_templates_are_what_is_rendered(workers: int) -> None:
    golden = HERE / "golden" / f"spark-{workers}.yaml"
    assert render(example(workers=workers)).template == golden.read_text()


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


def test_servers_are_never_replaced_for_their_user_data() -> None:
    servers = [r for r in load(example())["resources"].values() if r["type"] == "OS::Nova::Server"]
    assert len(servers) == 3
    assert {server["properties"]["user_data_update_policy"] for server in servers} == {"IGNORE"}


def test_secrets_are_hidden_parameters_and_stand_nowhere_else() -> None:
    rendering = render(example())
    declared = yaml.safe_load(rendering.template)["parameters"]
    assert {name for name in declared if declared[name].get("hidden")} == set(SECRET_PARAMETERS)
    assert set(rendering.parameters) == set(declared) - set(SECRET_PARAMETERS)


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
        ("name", "", "1 to 60 characters"), ("name", "x" * 61, "1 to 60 characters"),
        ("name", "a\0b", "control characters"), ("name", "\ud800", "control characters"), ("id", "1", "UUID"),
        ("framework", "sparc", "there is spark"), ("gateway_address", "0.0.0.0/0", "IPv4 address"),
        ("gateway_address", "0.0.0.0", "of one host"), ("portal_url", "http://[", "http or https"),  # noqa: S104
        ("portal_url", "ftp://x", "http or https"), ("boot_timeout", 1, "60 to 3600"), ("flavor", None, "text of 1"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_is_allowed(field: str, value: object, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        example(**{field: value})
    assert says in caught.value.fields[field]


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


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heat_templates", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_prints_template_and_parameters() -> None:
    assert run(str(EXAMPLE)).stdout == render(example()).template
    assert json.loads(run(str(EXAMPLE), "--parameters").stdout) == render(example()).parameters


def test_the_command_names_what_is_wrong(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("[]")
    assert run(str(spec)).returncode == 2
    assert "mapping of fields" in run(str(spec)).stderr
    spec.write_text("workers: 0")
    assert "name: missing" in run(str(spec)).stderr
    assert "cannot read" in run(str(tmp_path / "none.yaml")).stderr
