"""Whether a newer description of the API keeps what an older one promised: things may be added, and nothing else. Pure.

A program that was written against the older one sends what that allowed, and reads what that named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


class Document:
    """A description whose references are followed."""

    def __init__(self, text: Schema) -> None:
        self.text = text

    def operations(self) -> dict[tuple[str, str], Schema]:
        return {
            (method, path): given[method]
            for path, given in self.text["paths"].items()
            for method in METHODS
            if method in given
        }

    def follow(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found: Any = self.text
            for word in schema["$ref"].removeprefix("#/").split("/"):
                found = found[word]
            schema = found
        return schema


def breaks(older: Schema, newer: Schema) -> list[str]:
    """What programs would stumble over, a line each."""
    before, after = Document(older), Document(newer)
    present = after.operations()
    faults: list[str] = []
    for key, operation in before.operations().items():
        name = f"{key[0].upper()} {key[1]}"
        if key not in present:
            faults.append(f"{name}: is gone")
        else:
            faults += [f"{name}: {fault}" for fault in _operation(before, after, operation, present[key])]
    return faults


def _operation(before: Document, after: Document, old: Schema, new: Schema) -> Iterator[str]:
    yield from _parameters(before, after, old, new)
    for kind, schema in _contents(old.get("requestBody", {})).items():
        present = _contents(new.get("requestBody", {}))
        if kind not in present:
            yield f"takes no {kind} any more"
        else:
            yield from _sent(before, after, schema, present[kind], "body")
    for status in (status for status in old["responses"] if status.startswith("2")):
        if status not in new["responses"]:
            yield f"answers no {status} any more"
            continue
        present = _contents(after.follow(new["responses"][status]))
        for kind, schema in _contents(before.follow(old["responses"][status])).items():
            if kind not in present:
                yield f"answers no {kind} any more"
            else:
                yield from _told(before, after, schema, present[kind], "answer")


def _parameters(before: Document, after: Document, old: Schema, new: Schema) -> Iterator[str]:
    known = {(each["in"], each["name"]): each for each in old.get("parameters", ())}
    present = {(each["in"], each["name"]): each for each in new.get("parameters", ())}
    yield from (f"the parameter {name} is gone" for place, name in known.keys() - present.keys())
    for key, parameter in present.items():
        if parameter.get("required") and not known.get(key, {}).get("required"):
            yield f"the parameter {key[1]} must be sent now"
    for key in known.keys() & present.keys():
        yield from _sent(before, after, known[key]["schema"], present[key]["schema"], f"the parameter {key[1]}")


def _contents(body: Schema) -> dict[str, Schema]:
    return {kind: given.get("schema", {}) for kind, given in body.get("content", {}).items()}


def _sent(before: Document, after: Document, old: Schema, new: Schema, where: str) -> Iterator[str]:
    """Of what is sent: all that was taken must still be."""
    old, new = before.follow(old), after.follow(new)
    yield from _other_type(old, new, where)
    yield from _fewer_values(old, new, where)
    known, present = old.get("properties", {}), new.get("properties", {})
    yield from (f"{where}.{name} is gone" for name in known.keys() - present.keys())
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{where}.{name} must be sent now"
    for name in known.keys() & present.keys():
        yield from _sent(before, after, known[name], present[name], f"{where}.{name}")
    if "items" in old and "items" in new:
        yield from _sent(before, after, old["items"], new["items"], f"{where}[]")


def _told(before: Document, after: Document, old: Schema, new: Schema, where: str) -> Iterator[str]:
    """Of what is told: all that was named must still be there."""
    old, new = before.follow(old), after.follow(new)
    yield from _other_type(old, new, where)
    known, present = old.get("properties", {}), new.get("properties", {})
    yield from (f"{where}.{name} is gone" for name in known.keys() - present.keys())
    for name in set(old.get("required", ())) - set(new.get("required", ())):
        yield f"{where}.{name} may be missing now"
    for name in known.keys() & present.keys():
        yield from _told(before, after, known[name], present[name], f"{where}.{name}")
    if "items" in old and "items" in new:
        yield from _told(before, after, old["items"], new["items"], f"{where}[]")


def _other_type(old: Schema, new: Schema, where: str) -> Iterator[str]:
    if old.get("type") != new.get("type"):
        yield f"{where} is {new.get('type')} and was {old.get('type')}"


def _fewer_values(old: Schema, new: Schema, where: str) -> Iterator[str]:
    missing = set(old.get("enum", ())) - set(new["enum"]) if "enum" in new and "enum" in old else set()
    yield from (f"{where} may not be {value!r} any more" for value in sorted(missing, key=str))
    if "enum" in new and "enum" not in old:
        yield f"{where} takes only some values now"
