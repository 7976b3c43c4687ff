"""The guards as a whole: they pass what is good, find what is careless, and no text makes them fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from heat_templates.lint import Unreadable, lint
from tests.unit.heat_templates.linting import GOLDEN


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_golden_templates_are_good(path: Path) -> None:
    assert lint(path.read_text()) == []


# Each breaks the golden template in one place, as a careless change would.
CARELESS = [
    ("spark-1", 'remote_ip_prefix: "127.88.3.2/32"', 'remote_ip_prefix: "0.0.0.0/0"', "the rule admits everybody"),
    ("spark-1", "remote_mode: remote_group_id", "protocol: tcp", "the rule admits everybody: it names no remote"),
    (
        "spark-1",
        "user_data_update_policy: IGNORE",
        "user_data_update_policy: REPLACE",
        "user_data_update_policy is not IGNORE",
    ),
    ("spark-1", "    hidden: true", "    description: of the cluster", "looks like a secret and is not hidden"),
    ("spark-1", "secret: {get_param: cluster_secret}", "secret: hunter2", "a secret stands in the template"),
    ("spark-1", "timeout: 900", "timeout: 43201", "the timeout is 43201"),
    ("spark-1", "OS::Neutron::Port", "OS::Neutron::Prot", "unknown resource type OS::Neutron::Prot"),
    ("spark-1", "depends_on: master", "depends_on: mister", "there is no resource mister"),
    (
        "spark-1",
        "value: {get_attr: [hosts, value]}",
        "value: {get_param: node_credentials}",
        "the output shows the hidden",
    ),
    ("volumes", ", delete_on_termination: true", "", "delete_on_termination: true is missing"),
    (
        "volumes",
        "delete_on_termination: true",
        "delete_on_termination: false",
        "delete_on_termination: true is missing",
    ),
    ("folders", "    immutable: true", "    immutable: false", "the share_type of the share scratch is this parameter"),
    ("floating-ip", 'remote_ip_prefix: "192.0.2.0/24"', "remote_ip_prefix: 0.0.0.0/0", "the rule admits everybody"),
    (
        "floating-ip",
        "network: {get_param: network}",
        "network: {get_param: network}\n      port_security_enabled: false",
        "the port has no security",
    ),
    ("own-network", "OS::Neutron::Subnet", "OS::Neutron::Subnets", "unknown resource type OS::Neutron::Subnets"),
    ("own-network", "depends_on: way-out", "depends_on: way_out", "there is no resource way_out"),
    (
        "nova-docker",
        'availability_zone: "nova"',
        "block_device_mapping: [{device_name: vdb, volume_id: x, delete_on_termination: true}]",
        "a container of nova-docker has block devices",
    ),
    ("zun", "memory: 4096", "memory: 0", "the container has no bound of memory"),
    (
        "zun",
        "networks: [{port: {get_resource: worker-01-port}}]",
        "networks: [{network: {get_resource: network}}]",
        "the container has no port of its own here, and no security groups",
    ),
    ("zun", "secret: {get_param: cluster_secret}", "secret: hunter2", "a secret stands in the template"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "good", "bad", "says"), CARELESS)
def test_a_careless_change_of_a_golden_template_is_found(name: str, good: str, bad: str, says: str) -> None:
    text = (GOLDEN[0].parent / f"{name}.yaml").read_text()
    changed = text.replace(good, bad)
    assert changed != text
    findings = lint(changed)
    assert says in findings[0].what
    lines = zip(text.splitlines(), changed.splitlines(), strict=True)
    first = next(number for number, (before, after) in enumerate(lines, start=1) if before != after)
    # On the very line, or where the parameter's or the rule's mapping begins.
    assert first - 2 <= (findings[0].line or 0) <= first


def test_findings_come_with_their_lines_in_their_order() -> None:
    text = (
        "heat_template_version: 2021-04-16\n"
        "resources:\n"
        "  a: &same\n"
        "    type: OS::Nova::Server\n"
        "    properties: {name: a}\n"
        "  b: *same\n"
        "  c:\n"
        "    type: OS::Neutron::SecurityGroup\n"
        "    properties:\n"
        "      rules:\n"
        "        - {direction: egress}\n"
        "        - <<: {direction: ingress}\n"
        "          remote_ip_prefix: ::/0\n"
    )
    assert [finding.line for finding in lint(text)] == [5, 5, 12]


def aliases(levels: int, times: int) -> str:
    """A short text that unfolds to many values."""
    first, *rest = (f"  a{level}: &a{level} " for level in range(levels))
    lines = [f"{start}[{', '.join([f'*a{level}'] * times)}]" for level, start in enumerate(rest)]
    return "\n".join(["heat_template_version: 1", "outputs:", f"{first}[1]", *lines])


@pytest.mark.parametrize(
    "text",
    [
        "", "a text", "[]", "{}", "resources: {}", "heat_template_version: 1\nresources: []",
        "heat_template_version: 1\nresources: {a: 1}", "heat_template_version: 1\nresources: {1: {}}",
        "heat_template_version: 1\nparameters: {a: []}", "heat_template_version: 1\nresources: {a: {properties: 1}}",
        "heat_template_version: 1\nresources: {a: {properties: {get_param: x}}}",
        "heat_template_version: 1\nx: !!python/object/apply:os.system [ls]", "heat_template_version: 1\nx: !!set {a}",
        "heat_template_version: 1\nx: !!int ''", "heat_template_version: 1\nx: !!bool x", "a: b: c", "{[]: 1}", "\0",
        "heat_template_version: 1\noutputs: {a: &a {b: *a}}", "[" * 200_000, "- " * 200_000, "\ud800",
        aliases(9, 9), aliases(999, 1),
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_what_is_no_template_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        lint(text)


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "heat_templates.lint", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=given)


def test_the_command_says_where_what_why_and_what_to_do(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(GOLDEN[0].read_text().replace("timeout: 900", "timeout: 90000"))
    done = run(str(GOLDEN[0]), str(bad))
    assert done.returncode == 1
    assert f"{GOLDEN[0]}: nothing found" in done.stdout
    for part in (f"{bad}:", "resources.master-ready.properties.timeout", "what: the timeout is 90000", "why: ", "do: "):
        assert part in done.stdout
    assert run(str(GOLDEN[0])).returncode == 0
    assert run("-", given=GOLDEN[0].read_text()).returncode == 0
    for unreadable in (tmp_path / "none.yaml", tmp_path):
        assert run(str(bad), str(unreadable)).returncode == 2
    assert "cannot read -" in run("-", given="[]").stderr
