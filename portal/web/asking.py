"""Form fields for what a person may ask of a cluster, made from the request's JSON Schema: there is no second list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from django import forms

from heat_templates import schema
from heat_templates.faults import resolve

Schema = Mapping[str, Any]
# Asked for in the form's first part, each with a field of its own.
FIRST = ("name", "framework", "workers", "flavor")


@cache
def groups() -> Mapping[str, tuple[Schema, Mapping[str, Schema]]]:
    """By the first word of their paths: the group's own words, and the fields in it by their paths."""
    properties = schema.request()["properties"]
    return {
        name: (given, dict(_leaves(name, resolve(given, given))))
        for name, given in properties.items()
        if name not in FIRST
    }


def _leaves(path: str, field: Schema) -> Iterator[tuple[str, Schema]]:
    inner = field.get("properties")
    if not inner:
        yield path, field
    else:
        for name, given in inner.items():
            yield from _leaves(f"{path}.{name}", resolve(given, given))


def form_fields() -> dict[str, forms.Field]:
    """By their paths. What stands in them is checked by the spec; empty means: not asked for."""
    return {path: _SHAPES[_shape(field)](field) for _, leaves in groups().values() for path, field in leaves.items()}


def _shape(field: Schema) -> str:
    return "enum" if "enum" in field else str(field["type"])


def _words(field: Schema) -> dict[str, Any]:
    return {"label": field.get("title", ""), "help_text": sentence(field), "required": False}


def sentence(field: Schema) -> str:
    words = str(field.get("description", ""))
    return words[:1].upper() + words[1:]


def _choice(field: Schema) -> forms.Field:
    empty = str(field.get("default") or "any")
    choices = [("", empty), *((each, each) for each in field["enum"] if each != field.get("default"))]
    return forms.ChoiceField(choices=choices, **_words(field))


def _number(field: Schema) -> forms.Field:
    bounds = {"min": field.get("minimum"), "max": field.get("maximum"), "placeholder": field.get("default")}
    widget = forms.NumberInput(attrs={name: value for name, value in bounds.items() if value is not None})
    return forms.IntegerField(widget=widget, **_words(field))


def _text(field: Schema) -> forms.Field:
    default = field.get("default")
    return forms.CharField(widget=forms.TextInput(attrs={"placeholder": default} if default else {}), **_words(field))


def _lines(field: Schema, how: str) -> forms.Field:
    words = _words(field)
    words["help_text"] = f"{words['help_text']}; {how}"
    return forms.CharField(widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}), **words)


_SHAPES: Mapping[str, Callable[[Schema], forms.Field]] = {
    "enum": _choice,
    "integer": _number,
    "boolean": lambda field: forms.BooleanField(**_words(field)),
    "string": _text,
    "array": lambda field: _lines(field, "one a line"),
    "object": lambda field: _lines(field, "one a line, as name = value"),
}


def asked(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Of the cleaned values of the form those that were filled in, as a request has them."""
    wanted: dict[str, Any] = {}
    for _, leaves in groups().values():
        for path, field in leaves.items():
            value = cleaned.get(path)
            if value is not False and value not in (None, ""):
                _put(wanted, path, _value(field, value))
    return wanted


def initial(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round: what stands in the form for these fields of a request."""
    found: dict[str, Any] = {}
    for _, leaves in groups().values():
        for path, field in leaves.items():
            value = _at(wanted, path)
            if value is not None and value != field.get("default"):
                found[path] = _typed(field, value)
    return found


def _at(wanted: Mapping[str, Any], path: str) -> Any:
    value: Any = wanted
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _typed(field: Schema, value: Any) -> Any:
    shape = _shape(field)
    if shape == "array":
        return "\n".join(value)
    if shape == "object":
        return "\n".join(f"{name} = {text}" for name, text in value.items())
    return value


def _put(wanted: dict[str, Any], path: str, value: Any) -> None:
    *folders, name = path.split(".")
    for folder in folders:
        wanted = wanted.setdefault(folder, {})
    wanted[name] = value


def _value(field: Schema, value: Any) -> Any:
    shape = _shape(field)
    lines = [line.strip() for line in value.splitlines() if line.strip()] if shape in ("array", "object") else []
    if shape == "array":
        return lines
    if shape == "object":
        return dict(_pair(line) for line in lines)
    return value


def _pair(line: str) -> tuple[str, str]:
    """`name = value` or, as in Spark's own files, `name value`."""
    name, *value = re.split(r"\s*=\s*|\s+", line, maxsplit=1)
    return name, "".join(value)


def place(path: str, fields: Mapping[str, Any]) -> tuple[str | None, str]:
    """The form's field that holds the value at a path, and the rest of the path; None where there is no such field."""
    words = path.split(".")
    for length in range(len(words), 0, -1):
        field = ".".join(words[:length])
        if field in fields:
            return field, ".".join(words[length:])
    return None, path
