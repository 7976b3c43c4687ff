"""A template's text without its secrets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from heat_templates.lint.secrets import PRIVATE_KEY, looks_secret

NOT_SHOWN = "(not shown)"
REFERENCES = ("get_param", "get_attr", "get_resource", "Ref", "Fn::GetAtt")
# What machines are given at their start: where we did not write it, anything may stand in it.
START_TEXTS = ("user_data", "UserData", "config", "cloud_config")


class _Readable(yaml.SafeDumper):
    """Texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Readable.add_representer(str, _text)


def readable(template: Mapping[str, Any], ours: bool) -> str:
    """HOT text of what Heat keeps; comments are lost there. `ours`: the portal wrote it, so that its user-data holds
    no secret but by hidden parameters."""
    safe = _without_secrets(template, ours)
    for name in ("parameters", "Parameters"):
        if isinstance(template.get(name), Mapping):
            safe[name] = {key: _declaration(key, value) for key, value in template[name].items()}
    return yaml.dump(safe, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=120)


def shown_values(values: Mapping[str, Any], template: Mapping[str, Any]) -> dict[str, str]:
    """The values of a stack's parameters: Heat gives stars for hidden ones."""
    declared = template.get("parameters") or template.get("Parameters") or {}
    return {
        name: NOT_SHOWN if _is_secret(name, declared.get(name) or {}) or PRIVATE_KEY.search(str(value)) else str(value)
        for name, value in values.items()
    }


def _is_secret(name: str, declaration: Mapping[str, Any]) -> bool:
    hidden = str(declaration.get("hidden", declaration.get("NoEcho", ""))).lower() == "true"
    return hidden or looks_secret(name)


def _declaration(name: str, declaration: Any) -> Any:
    if not isinstance(declaration, Mapping):
        return declaration
    safe = dict(declaration)
    for key in ("default", "Default"):
        if key in safe and (_is_secret(name, declaration) or PRIVATE_KEY.search(str(safe[key]))):
            safe[key] = NOT_SHOWN
    return safe


def _without_secrets(value: Any, ours: bool) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _masked(inner) if _hides(str(key), ours) and not _is_resource(inner) else _without_secrets(inner, ours)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner, ours) for inner in value]
    return NOT_SHOWN if isinstance(value, str) and PRIVATE_KEY.search(value) else value


def _hides(key: str, ours: bool) -> bool:
    return (key not in REFERENCES and looks_secret(key)) or (key in START_TEXTS and not ours)


def _is_resource(value: Any) -> bool:
    """Whose name may be anything."""
    return isinstance(value, Mapping) and ("type" in value or "Type" in value)


def _masked(value: Any) -> Any:
    """Only where things come from is left of it."""
    if isinstance(value, Mapping):
        return {key: inner if key in REFERENCES else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value if value is None or isinstance(value, bool) else NOT_SHOWN
