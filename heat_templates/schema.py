"""The JSON Schema of a ClusterSpec, whole or of what a person may ask for, and the page that is made from it. Pure."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from heat_templates.faults import describe, resolve
from heat_templates.spec import ClusterSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CHOSEN_BY_PORTAL = ("image",)  # where a person does not name one
HEADING = """\
# The fields of a cluster

Made by `./slipway schema --markdown > docs/cluster-spec.md` from `heat_templates/spec.py`. `./slipway render SPEC.yaml`
takes all of them; those that say *person* may also stand in a request (`POST /api/v1/clusters`, and the page's form),
the others are the site's. A request has `course` and `hours` beside them. A field that is not named is not asked for,
and nothing of it stands in the template.

| field | from | what may be | without it | what it is |
|---|---|---|---|---|
"""


class Row(NamedTuple):
    path: str
    who: str
    allowed: str
    default: str
    what: str


@cache
def whole() -> dict[str, Any]:
    """Of all fields, without references."""
    schema = ClusterSpec.model_json_schema()
    inlined: dict[str, Any] = _inline(schema, schema)
    del inlined["$defs"]
    return {"$schema": DIALECT, **inlined}


@cache
def request() -> dict[str, Any]:
    """Of what a person may ask for."""
    schema = whole()
    properties = {name: field for name, field in schema["properties"].items() if field.get("x-from") == "person"}
    properties["workers"] = {**properties["workers"], **properties["workers"]["anyOf"][0]}
    del properties["workers"]["anyOf"]
    properties["workers"]["description"] = "how many"
    required = [name for name in schema["required"] if name in properties and name not in CHOSEN_BY_PORTAL]
    return {
        **schema,
        "title": "ClusterRequest",
        "description": "What a person may ask for.",
        "properties": properties,
        "required": required,
    }


def _inline(root: Mapping[str, Any], schema: Any) -> Any:
    if isinstance(schema, list):
        return [_inline(root, each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        named = root["$defs"][schema["$ref"].rpartition("/")[2]]
        schema = {**named, **{key: value for key, value in schema.items() if key != "$ref"}}
    return {key: _inline(root, value) for key, value in schema.items()}


def markdown() -> str:
    """docs/cluster-spec.md."""
    schema = whole()
    return HEADING + "".join(f"| {' | '.join(row)} |\n" for row in _rows(schema, schema, "", ""))


def _rows(root: Mapping[str, Any], schema: Mapping[str, Any], prefix: str, who: str) -> Iterator[Row]:
    for name, given in schema.get("properties", {}).items():
        field = resolve(root, given)
        path, source = f"{prefix}{name}", field.get("x-from", who)
        yield Row(f"`{path}`", source, _cell(describe(field)), _default(name, schema, field), _words(field))
        inner = field.get("items", {}) if field.get("type") == "array" else field
        yield from _rows(root, inner, f"{path}{'[]' if inner is not field else ''}.", source)


def _default(name: str, schema: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    if name in schema.get("required", ()):
        return "must be there"
    default = field.get("default")
    if default in (None, [], {}) or isinstance(default, dict):
        return ""
    return f"`{json.dumps(default) if isinstance(default, bool) else default}`"


def _words(field: Mapping[str, Any]) -> str:
    return _cell(str(field.get("description", "")).replace("\n", " "))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    parser = argparse.ArgumentParser(prog="slipway schema", description="Prints the JSON Schema of a cluster's fields.")
    parser.add_argument("of", nargs="?", choices=["request"], help="only of what a person may ask for")
    parser.add_argument("--markdown", action="store_true", help="print docs/cluster-spec.md instead")
    options = parser.parse_args()
    schema = request() if options.of else whole()
    sys.stdout.write(markdown() if options.markdown else f"{json.dumps(schema, indent=2)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
