"""What the guards find of whom a cluster admits."""

from __future__ import annotations

from typing import Any

import pytest

from heat_templates.lint import lint
from tests.unit.heat_templates.linting import found, group, one, template


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


def test_a_floating_ip_leads_to_a_guarded_port() -> None:
    resources: dict[str, Any] = {
        "port": {"type": "OS::Neutron::Port", "properties": {"network": "n"}},
        "way": {"type": "OS::Neutron::FloatingIP", "properties": {"port_id": {"get_resource": "port"}}},
    }
    assert found(resources) == ["resources.port: the floating IP way leads to this port, which names no security group"]
    resources["port"]["properties"]["security_groups"] = ["members"]
    assert found(resources) == []
