"""pydantic's faults in our words: what is wrong with a field and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from heat_templates.fields import CONTROL


def faults(error: ValidationError, model: type[BaseModel]) -> dict[str, str]:
    """For each wrong field, by its dotted path, the first fault."""
    schema = model.model_json_schema()
    wrong: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        path, allowed = _locate(schema, fault["loc"])
        wrong.setdefault(path, _words(fault["type"], str(fault.get("ctx", {}).get("error", "")), allowed))
    return wrong


def _words(kind: str, own: str, allowed: Mapping[str, Any]) -> str:
    if kind == "missing":
        return "missing"
    if kind == "extra_forbidden":
        return f"unknown; known are {', '.join(sorted(allowed.get('properties', ())))}"
    if kind == "string_unicode":
        return CONTROL
    return own or f"must be {describe(allowed)}"


def _locate(schema: Mapping[str, Any], location: Sequence[int | str]) -> tuple[str, Mapping[str, Any]]:
    """The field's path, without the words that pydantic puts in it, and the schema of the last piece that has one."""
    path: list[str] = []
    found = resolve(schema, schema)
    for part in location:
        if "anyOf" in found or part == "[key]":  # which of several kinds of value it was tried as
            continue
        inner = _inner(found, part)
        found = found if inner is None else resolve(schema, inner)
        path.append(str(part))
    return ".".join(path), found


def _inner(schema: Mapping[str, Any], part: int | str) -> Any:
    if isinstance(part, int):
        return schema.get("items")
    return schema.get("properties", {}).get(part, schema.get("additionalProperties") or None)


def resolve(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema without references, and of `X or null` the X; its own words stay."""
    named = schema
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) == 1:
        named = choices[0]
    if "$ref" in named:
        named = root["$defs"][named["$ref"].rpartition("/")[2]]
    own = {key: value for key, value in schema.items() if key not in ("anyOf", "$ref")}
    return {**named, **own} if named is not schema else schema


def describe(schema: Mapping[str, Any]) -> str:
    """What a schema allows, in words that go on after "must be"."""
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "anyOf" in schema:
        return ", or ".join(describe(each) for each in schema["anyOf"])
    writer = _WRITERS.get(str(schema.get("type")))
    return writer(schema) if writer else "another value"


def _number(schema: Mapping[str, Any]) -> str:
    bounds = f" from {schema['minimum']} to {schema['maximum']}" if "maximum" in schema else ""
    return f"a whole number{bounds}"


def _text(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        return f"a text of the form {schema['pattern']}"
    if "maxLength" not in schema:
        return "a text"
    return f"a text of {schema.get('minLength', 0)} to {schema['maxLength']} characters"


def _list(schema: Mapping[str, Any]) -> str:
    return f"a list of at most {schema['maxItems']}" if "maxItems" in schema else "a list"


_WRITERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "integer": _number,
    "boolean": lambda _: "true or false",
    "string": _text,
    "array": _list,
    "object": lambda _: "a mapping of names to values",
}
