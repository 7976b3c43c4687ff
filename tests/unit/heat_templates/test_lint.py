"""The guards: what each finds, what it lets pass, and that no text makes them fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from heat_templates import limits
from heat_templates.lint import Finding, Unreadable, lint
from heat_templates.lint.numbers import least_bytes
from heat_templates.lint.secrets import looks_secret

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.yaml"))


def template(resources: dict[str, Any], **sections: Any) -> str:
    return yaml.safe_dump({"heat_template_version": "2021-04-16", "resources": resources, **sections}, sort_keys=False)


def server(**properties: Any) -> dict[str, Any]:
    return {"type": "OS::Nova::Server", "properties": {"user_data_update_policy": "IGNORE", **properties}}


def value(content: Any) -> dict[str, Any]:
    return {"type": "OS::Heat::Value", "properties": {"value": content}}


def found(resources: dict[str, Any], **sections: Any) -> list[str]:
    """Where and what, of each finding."""
    return [f"{finding.where}: {finding.what}" for finding in lint(template(resources, **sections))]


def one(resources: dict[str, Any], **sections: Any) -> Finding:
    (finding,) = lint(template(resources, **sections))
    return finding


def group(*rules: Any) -> dict[str, Any]:
    return {"guard": {"type": "OS::Neutron::SecurityGroup", "properties": {"rules": list(rules)}}}


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


def container(**properties: Any) -> dict[str, Any]:
    return {"type": "OS::Zun::Container", "properties": {"memory": 512, "security_groups": ["mine"], **properties}}


def test_a_volume_attached_to_a_container_of_nova_docker_is_found_and_to_another_server_not() -> None:
    attached = {"type": "OS::Cinder::VolumeAttachment", "properties": {"instance_uuid": {"get_resource": "one"}}}
    docker = server(metadata={"slipway_runtime": "nova-docker"})
    assert found({"one": docker, "disk": attached}) == [
        "resources.disk.properties: a volume is attached to a container of nova-docker"
    ]
    assert found({"one": server(), "disk": attached}) == []


@pytest.mark.parametrize(
    ("networks", "says"),
    [
        (None, "neither a port nor security groups"),
        ([], "neither a port nor security groups"),
        ({"get_param": "networks"}, "neither a port nor security groups"),
        (["campus"], "no port of its own"),
        ([{"network": "campus"}], "no port of its own"),
        ([{"port": {"get_resource": "open"}}], "port open names no security group"),
    ],
)
def test_a_container_that_the_projects_default_group_guards_is_found(networks: Any, says: str) -> None:
    port = {"type": "OS::Neutron::Port", "properties": {"network": "campus"}}
    declared = {"networks": {"type": "json"}}
    resources = {"box": container(networks=networks, security_groups=None), "open": port}
    assert says in one(resources, parameters=declared).what
    assert found({**resources, "box": container(networks=networks)}, parameters=declared) == []


def test_a_container_without_a_bound_of_memory_is_found() -> None:
    assert found({"box": container(memory=None)}) == [
        "resources.box.properties.memory: the container has no bound of memory"
    ]
    assert found({"box": container(memory={"get_param": "size"})}, parameters={"size": {"type": "number"}}) == []


def test_a_variable_that_no_program_can_be_started_with_is_found() -> None:
    box = container(environment={"FACTS": "x" * (limits.ENVIRONMENT_BYTES - 6)})
    assert "the variable has 131073 bytes" in one({"box": box}).what
    assert found({"box": container(environment={"FACTS": "x" * (limits.ENVIRONMENT_BYTES - 7)})}) == []
    assert found({"box": container(environment={"get_param": "x"})}, parameters={"x": {"type": "json"}}) == []


@pytest.mark.parametrize(
    "remote",
    [
        "0.0.0.0/0", "::/0", "0.0.0.0/0 ", "0/0", "0:0:0:0:0:0:0:0/0", "0.0.0.0/0.0.0.0", "0.0.0.0", "::",  # noqa: S104
        "128.0.0.0/1", "0.0.0.0/1", "2000::/3", {"get_param": "open"}, {"list_join": ["/", ["0.0.0.0", "0"]]},  # noqa: S104
        {"str_replace": {"template": "0.0.0.0/$n", "params": {"$n": 0}}}, {"if": ["wide", "::/0", "10.0.0.0/8"]},
        {"get_param": "empty"}, None, "",
    ],
)  # fmt: skip
def test_a_rule_for_the_world_is_found(remote: Any) -> None:
    parameters = {"open": {"type": "string", "default": "0.0.0.0/0"}, "empty": {"type": "string", "default": ""}}
    rule = {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": remote}
    finding = one(group(rule), parameters=parameters)
    assert finding.where == "guard" or finding.where == "resources.guard.properties.rules[0]"
    assert "everybody" in finding.what


@pytest.mark.parametrize(
    "rule",
    [
        {}, {"protocol": "icmp"}, {"direction": "ingress"}, {"ethertype": "IPv6"},
        # Heat drops the group of a rule whose mode is another.
        {"remote_group_id": "another"}, {"remote_mode": "remote_ip_prefix", "remote_group_id": "another"},
    ],
)  # fmt: skip
def test_a_rule_without_a_remote_admits_the_world(rule: dict[str, Any]) -> None:
    assert "it names no remote" in one(group(rule)).what


@pytest.mark.parametrize(
    "rule",
    [
        {"remote_mode": "remote_group_id"},
        {"remote_mode": "remote_group_id", "remote_group_id": "another"},
        # Heat drops the prefix in this mode.
        {"remote_mode": "remote_group_id", "remote_ip_prefix": "0.0.0.0/0"},
        {"remote_ip_prefix": "10.0.0.0/8"}, {"remote_ip_prefix": "fc00::/7"}, {"remote_ip_prefix": "127.88.3.2/32"},
        {"direction": "egress"}, {"direction": "egress", "remote_ip_prefix": "0.0.0.0/0"},
        {"remote_ip_prefix": {"get_attr": ["guard", "name"]}},
    ],
)  # fmt: skip
def test_a_rule_for_somebody_passes(rule: dict[str, Any]) -> None:
    assert found(group(rule)) == []


def test_rules_in_a_loop_or_a_condition_are_judged_and_others_must_be_written_out() -> None:
    loop = {"repeat": {"for_each": {"%p%": [1, 2]}, "template": {"port_range_min": "%p%"}}}
    choice = {"if": ["wide", {"remote_ip_prefix": "::/0"}, {"remote_ip_prefix": "10.0.0.0/8"}]}
    where = [finding.where for finding in lint(template(group(loop, choice)))]
    assert where == [f"resources.guard.properties.rules[{end}" for end in ("0].repeat.template", "1].if[1]")]
    hidden = {"type": "OS::Neutron::SecurityGroup", "properties": {"rules": {"get_attr": ["guard", "rules"]}}}
    assert found({"guard": hidden}) == [
        "resources.guard.properties.rules: the rule is not written out: whom it admits cannot be seen"
    ]


def test_a_rule_that_is_a_resource_of_its_own_is_judged() -> None:
    kind = "OS::Neutron::SecurityGroupRule"
    rule = {"type": kind, "properties": {"security_group": "x", "protocol": "tcp"}}
    assert "it names no remote" in one({"rule": rule}).what
    assert found({"rule": {"type": kind, "properties": {"security_group": "x", "remote_group": "y"}}}) == []


@pytest.mark.parametrize("policy", [None, "REPLACE", {"get_param": "policy"}])
def test_a_server_that_an_update_would_replace_is_found(policy: Any) -> None:
    parameters = {"policy": {"type": "string", "default": "IGNORE"}}
    made = server(user_data_update_policy=policy)
    assert "user_data_update_policy" in one({"master": made}, parameters=parameters).what
    del made["properties"]["user_data_update_policy"]
    assert one({"master": made}).what == "user_data_update_policy: IGNORE is missing"
    assert len(found({"master": {"type": "OS::Nova::Server"}})) == 1


def test_the_limits_of_heat_hold() -> None:
    networks = {f"net-{number}": {"type": "OS::Neutron::Net"} for number in range(limits.RESOURCES)}
    assert found(networks) == []
    assert found(networks | {"one": value(1)}) == ["resources: there are 1001 resources"]
    text = template({"one": value("x" * limits.TEMPLATE_BYTES)})
    assert [finding.what for finding in lint(text)] == [f"the template has {len(text)} bytes"]
    # Bytes count, not characters.
    assert lint("#" + "ü" * (limits.TEMPLATE_BYTES // 2))[0].what.endswith(f"{limits.TEMPLATE_BYTES + 1} bytes")


@pytest.mark.parametrize(
    ("timeout", "good"),
    [(43_200, True), ("43200", True), (1, True), (43_201, False), (0, False), ("1e9", False), ("soon", False),
     ({"get_param": "patience"}, False), ({"get_param": "given"}, True)],
)  # fmt: skip
def test_a_wait_that_heat_would_refuse_is_found(timeout: Any, good: bool) -> None:
    parameters = {"patience": {"type": "number", "default": 50_000}, "given": {"type": "number"}}
    wait = {"type": "OS::Heat::WaitCondition", "properties": {"timeout": timeout}}
    assert bool(found({"ready": wait}, parameters=parameters)) is not good


def test_the_limits_of_nova_hold() -> None:
    assert found({"a": server(name="n" * 53, metadata={"k" * 255: "v" * 255})}) == []
    assert found({"a": server(name="n" * 54)}) == ["resources.a.properties.name: the server's name has 54 characters"]
    assert "the value has 256" in one({"a": server(metadata={"k": "v" * 256})}).what
    assert "the key has 256" in one({"a": server(metadata={"k" * 256: "v"})}).what
    # 65,535 characters of base64 are 49,149 bytes.
    assert found({"a": server(user_data="x" * 49_149)}) == []
    assert "49150 bytes" in one({"a": server(user_data="x" * 49_150)}).what
    assert "49150 bytes" in one({"a": server(user_data="ü" * 24_575)}).what


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (None, 0), ("ü", 2), (12, 2), ({"get_attr": ["a", "b"]}, 0), ({"get_file": "x"}, 0),
        ({"str_replace": {"template": "$a-$a", "params": {"$a": "four"}}}, 9),
        ({"str_replace": {"template": "$a", "params": {"$a": {"get_param": "x"}}}}, 0),
        # JSON, and non-ASCII characters are escaped in it.
        ({"str_replace": {"template": "<$a>", "params": {"$a": {"k": "ü"}}}}, len('<{"k": "\\u00fc"}>')),
        ({"str_replace": {"template": "<$a>", "params": {"$a": {"k": {"get_param": "x"}, "l": [1]}}}}, 20),
        ({"list_join": ["", ["ab", {"get_param": "x"}, "c"]]}, 3),
        ({"str_replace": "wrong"}, 0), ({"list_join": "wrong"}, 0),
    ],
)  # fmt: skip
def test_the_size_of_user_data_is_counted_as_far_as_it_is_known(content: Any, size: int) -> None:
    assert least_bytes(content) == size


@pytest.mark.parametrize(
    "name", ["password", "admin_pass", "db-passwd", "clusterSecret", "API_KEY", "apikey", "ssh_private_key", "tokens",
             "node_credentials", "$token", "__PASSWORD__", "SPARK_AUTH_SECRET", "DBPassword"],
)  # fmt: skip
def test_names_of_secrets_are_recognised(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["name", "key_name", "keypair", "key_pair", "public_key", "token_url", "password_length", "compass",
             "monkey", "passenger", "hosts", "", "image", "secret_name", "token_ttl"],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    assert not looks_secret(name)


def test_a_secret_parameter_must_be_hidden_and_have_no_default() -> None:
    shown, hidden = {"type": "string"}, {"type": "string", "hidden": True}
    assert "not hidden" in one({}, parameters={"password": shown}).what
    assert found({}, parameters={"password": hidden}) == []
    assert "has a default" in one({}, parameters={"password": hidden | {"default": "hunter2"}}).what
    assert found({}, parameters={"password": hidden | {"default": ""}}) == []
    keypair = {"type": "string", "constraints": [{"custom_constraint": "nova.keypair"}]}
    assert found({}, parameters={"key": keypair}) == []


def test_what_is_used_as_a_secret_must_be_hidden_whatever_its_name() -> None:
    made = {"a": server(admin_pass={"get_param": "word"})}
    finding = one(made, parameters={"word": {"type": "string"}})
    assert finding.where == "parameters.word"
    assert "resources.a.properties.admin_pass" in finding.what
    assert found(made, parameters={"word": {"type": "string", "hidden": True}}) == []


@pytest.mark.parametrize(
    "properties",
    [
        {"admin_pass": "hunter2"},
        {"admin_pass": 1234},
        {"metadata": {"api_token": "abc"}},
        {"user_data": {"str_replace": {"template": "$password", "params": {"$password": "hunter2"}}}},
        {"user_data": {"str_replace": {"template": "$x", "params": {"$x": {"portal": {"credential": "abc"}}}}}},
        {"user_data": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"},
    ],
)
def test_a_secret_in_the_template_is_found(properties: dict[str, Any]) -> None:
    assert one({"a": server(**properties)}).what in (
        "a secret stands in the template",
        "a private key stands in the template",
    )


def test_what_only_looks_like_a_secret_passes() -> None:
    key = {
        "type": "OS::Nova::KeyPair",
        "properties": {"name": "k", "public_key": "ssh-rsa AAAA", "save_private_key": True},
    }
    tags = value([{"key": "department", "value": "physics"}])
    asked = server(key_name="k", admin_pass=None, metadata={"token": {"get_attr": ["random", "value"]}})
    random = {"type": "OS::Heat::RandomString", "properties": {"length": 32}}
    assert found({"key": key, "tags": tags, "a": asked, "random": random}) == []


@pytest.mark.parametrize(
    "shown",
    [
        {"get_param": "word"},
        {"get_param": ["word", "part"]},
        {"str_replace": {"template": "the word is $w", "params": {"$w": {"get_param": "word"}}}},
        {"get_attr": ["random", "value"]},
        {"get_attr": ["handle", "token"]},
        {"get_attr": ["handle", "curl_cli"]},
        {"get_attr": ["key", "private_key"]},
        {"get_attr": ["indirect", "value"]},
    ],
)
def test_an_output_that_shows_a_secret_is_found(shown: Any) -> None:
    resources = {
        "random": {"type": "OS::Heat::RandomString"},
        "handle": {"type": "OS::Heat::WaitConditionHandle"},
        "key": {"type": "OS::Nova::KeyPair", "properties": {"name": "k"}},
        "direct": value({"get_param": "word"}),
        "indirect": value({"get_attr": ["direct", "value"]}),
        "itself": value({"get_attr": ["itself", "value"]}),
    }
    parameters = {"word": {"type": "string", "hidden": True}}
    assert one(resources, parameters=parameters, outputs={"o": {"value": shown}}).what.startswith("the output shows")
    open_output = {"o": {"value": [{"get_attr": ["itself", "value"]}, {"get_attr": ["handle", "endpoint"]}]}}
    assert found(resources, parameters=parameters, outputs=open_output) == []


def test_an_unknown_type_is_found_with_what_was_meant() -> None:
    assert "OS::Nova::Server?" in one({"a": {"type": "OS::Nova::Sever"}}).remedy
    for kind in ("OS::Heat::ResourceGroup", "node.yaml", "AWS::EC2::SecurityGroup", ["OS::Nova::Server"]):
        assert "unknown resource type" in one({"a": {"type": kind}}).what
    assert one({"a": {}}).what == "the resource has no type"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ({"get_param": "flavour"}, "there is no parameter flavour"),
        ({"get_param": ["flavour", "name"]}, "there is no parameter flavour"),
        ({"get_resource": "matser"}, "there is no resource matser"),
        ({"get_attr": ["matser", "name"]}, "there is no resource matser"),
        ({"get_param": []}, "there is no parameter []"),
        ({"get_param": {}}, "there is no parameter {}"),
    ],
)
def test_a_reference_to_nothing_is_found(reference: Any, says: str) -> None:
    resources = {"a": value({"deep": [{"list_join": [",", [reference]]}]}), "master": value(1)}
    finding = one(resources, parameters={"flavor": {"type": "string"}})
    assert finding.what == says
    assert finding.where == "resources.a.properties.value.deep[0].list_join[1][0]"
    assert says in found({}, outputs={"o": {"value": reference}})[0]


def test_references_that_are_good_pass() -> None:
    good = [{"get_param": "OS::stack_id"}, {"get_param": {"get_attr": ["a", "x"]}}, {"get_resource": "a"}]
    assert found({"a": value(1), "b": value(good) | {"depends_on": ["a"]}}) == []
    assert "no resource c" in one({"b": value(1) | {"depends_on": ["c"]}}).what


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


def test_volumes_end_with_their_server() -> None:
    kept = {"volume_id": "v", "boot_index": -1}
    for device in (kept, {**kept, "delete_on_termination": False}, {"image": "i", "volume_size": 9}):
        assert found({"s": server(block_device_mapping_v2=[device])}) == [
            "resources.s.properties.block_device_mapping_v2[0]: delete_on_termination: true is missing"
        ]
    for device in ({**kept, "delete_on_termination": True}, {"swap_size": 512}, {"ephemeral_size": 9}):
        assert found({"s": server(block_device_mapping_v2=[device])}) == []


def test_a_share_keeps_its_size() -> None:
    share = {"s": {"type": "OS::Manila::Share", "properties": {"share_protocol": "NFS", "size": {"get_param": "gb"}}}}
    changing = one(share, parameters={"gb": {"type": "number"}})
    assert changing.where == "parameters.gb"
    assert "deletes the one with the data" in changing.why
    assert found(share, parameters={"gb": {"type": "number", "immutable": True}}) == []
    share["s"]["properties"]["size"] = 5
    assert found(share) == []


def test_a_floating_ip_leads_to_a_guarded_port() -> None:
    resources: dict[str, Any] = {
        "port": {"type": "OS::Neutron::Port", "properties": {"network": "n"}},
        "way": {"type": "OS::Neutron::FloatingIP", "properties": {"port_id": {"get_resource": "port"}}},
    }
    assert found(resources) == ["resources.port: the floating IP way leads to this port, which names no security group"]
    resources["port"]["properties"]["security_groups"] = ["members"]
    assert found(resources) == []


def test_the_size_of_user_data_counts_where_its_text_is_a_parameter() -> None:
    text = {"str_replace": {"template": {"get_param": "text"}, "params": {"$facts": "x" * 100}}}
    long = {"text": {"type": "string", "default": "$facts" * (limits.USER_DATA_BYTES // 100 + 1)}}
    assert "user_data has" in one({"s": server(user_data=text)}, parameters=long).what
