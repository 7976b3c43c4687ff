"""Small templates, and what the guards find in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from heat_templates.lint import Finding, lint

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.yaml"))


def template(resources: dict[str, Any], **sections: Any) -> str:
    return yaml.safe_dump({"heat_template_version": "2021-04-16", "resources": resources, **sections}, sort_keys=False)


def server(**properties: Any) -> dict[str, Any]:
    return {"type": "OS::Nova::Server", "properties": {"user_data_update_policy": "IGNORE", **properties}}


def container(**properties: Any) -> dict[str, Any]:
    return {"type": "OS::Zun::Container", "properties": {"memory": 512, "security_groups": ["mine"], **properties}}


def value(content: Any) -> dict[str, Any]:
    return {"type": "OS::Heat::Value", "properties": {"value": content}}


def group(*rules: Any) -> dict[str, Any]:
    return {"guard": {"type": "OS::Neutron::SecurityGroup", "properties": {"rules": list(rules)}}}


def found(resources: dict[str, Any], **sections: Any) -> list[str]:
    """Where and what, of each finding."""
    return [f"{finding.where}: {finding.what}" for finding in lint(template(resources, **sections))]


def one(resources: dict[str, Any], **sections: Any) -> Finding:
    (finding,) = lint(template(resources, **sections))
    return finding
