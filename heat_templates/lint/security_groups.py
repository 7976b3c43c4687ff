"""Security group rules that let the world in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from heat_templates import limits
from heat_templates.lint.template import Finding, Path, Template, function, walk

# Wider than any private block (10.0.0.0/8, fc00::/7): halves of the world are the world too.
NARROW = {4: limits.WIDEST_RANGE, 6: 7}
WHY = "open Spark masters and HDFS are found and misused within hours"
REMEDY = "name the addresses that may come in (remote_ip_prefix), or admit a security group only (remote_mode)"


def find(template: Template) -> Iterator[Finding]:
    for path, properties in template.of_type("OS::Neutron::SecurityGroup"):
        for where, rule in _rules(properties.get("rules") or [], (*path, "rules")):
            # Without remote_group_id this mode admits the very group that has the rule; with any other mode Heat drops
            # the group that a rule names.
            of_group = isinstance(rule, dict) and rule.get("remote_mode") == "remote_group_id"
            yield from _judge(template, where, rule, of_group)
    for path, properties in template.of_type("OS::Neutron::SecurityGroupRule"):
        yield from _judge(template, path, properties, bool(properties.get("remote_group")))


def _rules(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Each rule that is written out. What is not comes as it is, and is found fault with."""
    name = function(value)
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _rules(each, (*path, number))
    elif name == "repeat":
        yield from _rules(value[name].get("template"), (*path, name, "template"))
    elif name == "if" and isinstance(value[name], list):
        for number, each in enumerate(value[name][1:], start=1):
            yield from _rules(each, (*path, name, number))
    else:
        yield path, value


def _judge(template: Template, path: Path, rule: Any, of_group: bool) -> Iterator[Finding]:
    if not isinstance(rule, dict) or function(rule):
        what = "the rule is not written out: whom it admits cannot be seen"
        yield Finding(path, what, WHY, "write the rule out in the template")
    elif rule.get("direction", "ingress") != "egress" and not of_group:
        who = _admitted(template, rule)
        if who:
            yield Finding(path, f"the rule admits {who}", WHY, REMEDY)


def _admitted(template: Template, rule: Mapping[str, Any]) -> str | None:
    """Whom a rule admits, where that is everybody; None where it is not."""
    remote = rule.get("remote_ip_prefix")
    known = template.known(remote)
    if remote is None or known == "":
        unused = " (a group counts with remote_mode: remote_group_id only)" if rule.get("remote_group_id") else ""
        return f"everybody: it names no remote{unused}"
    # Inside a function each text may come to be the remote.
    texts = [known, *(value for _, value in walk(remote))]
    wide = next((text for text in texts if isinstance(text, str) and _is_world(text)), None)
    return f"everybody: its remote is {wide}" if wide else None


def _is_world(text: str) -> bool:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        # Other ways to write it, as "0/0", and pieces that a function puts together.
        return text.strip().endswith("/0") or text.strip().startswith(("0.0.0.0/", "::/"))
    return network.prefixlen < NARROW[network.version] or network.network_address.is_unspecified
