"""Whether a newer description of the API keeps what an older one promised: things may be added, and nothing else. Pure.

A program that was written against the older one sends what that allowed, and reads what that named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

Schema = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
LEAST = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
MOST = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")


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

    def alternatives(self, schema: Schema) -> list[Schema]:
        """What may stand there, each without references, and of one type; {} is anything."""
        whole = self._whole(schema)
        for word in ("oneOf", "anyOf"):
            if word in whole:
                rest = {name: value for name, value in whole.items() if name != word}
                return [each for given in whole[word] for each in self.alternatives({"allOf": [rest, given]})]
        if isinstance(whole.get("type"), list):
            return [_of_type(whole, each) for each in whole["type"]]
        return [whole]

    def follow(self, schema: Schema) -> Schema:
        """Whatever the reference leads to, with what is said beside it."""
        if "$ref" not in schema:
            return schema
        found: Any = self.text
        for word in schema["$ref"].removeprefix("#/").split("/"):
            found = found[word]
        return _both(self.follow(found), {name: value for name, value in schema.items() if name != "$ref"})

    def _whole(self, schema: Schema) -> Schema:
        schema = self.follow(schema)
        rest = {name: value for name, value in schema.items() if name != "allOf"}
        return reduce(_both, map(self._whole, schema.get("allOf", ())), rest)


def _of_type(schema: Schema, name: str) -> Schema:
    if name == "null":
        return {"type": name}
    values = {"enum": [value for value in schema["enum"] if value is not None]} if "enum" in schema else {}
    return {**schema, "type": name, **values}


def _both(one: Schema, other: Schema) -> Schema:
    """What fits both."""
    merged = {**one, **other}
    for words, tighter in ((LEAST, max), (MOST, min)):
        merged |= {word: tighter(one[word], other[word]) for word in words if word in one and word in other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged


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
                yield from _answered(before, after, schema, present[kind])


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
    known, offered = before.alternatives(old), after.alternatives(new)
    for each in known:
        fitting = [list(_taken(before, after, each, other, where)) for other in offered if _is_within(each, other)]
        yield from min(fitting, key=len, default=[_other_type(known, offered, where)])


def _answered(before: Document, after: Document, old: Schema, new: Schema) -> list[str]:
    """Where there are several answers now, one of them must be as the older one was: the others are for those who ask
    in a way that the older description did not know."""
    old, new = before.follow(old), after.follow(new)
    several = "oneOf" in new and "oneOf" not in old
    possible = new["oneOf"] if several else [new]
    return min((list(_told(before, after, old, each, "answer")) for each in possible), key=len)


def _told(before: Document, after: Document, old: Schema, new: Schema, where: str) -> Iterator[str]:
    """Of what is told: all that was named must still be there."""
    known, offered = before.alternatives(old), after.alternatives(new)
    for each in offered:
        fitting = [list(_named(before, after, other, each, where)) for other in known if _is_within(each, other)]
        yield from min(fitting, key=len, default=[_other_type(known, offered, where)])


def _taken(before: Document, after: Document, old: Schema, new: Schema, where: str) -> Iterator[str]:
    yield from _fewer_values(old, new, where)
    yield from _narrower(old, new, where)
    yield from _gone(old, new, where)
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{where}.{name} must be sent now"
    if new.get("additionalProperties") is False and old.get("additionalProperties", True) is not False:
        yield f"{where} takes no other fields any more"
    yield from _inside(_sent, before, after, old, new, where)


def _named(before: Document, after: Document, old: Schema, new: Schema, where: str) -> Iterator[str]:
    yield from _gone(old, new, where)
    for name in sorted(set(old.get("required", ())) - set(new.get("required", ()))):
        yield f"{where}.{name} may be missing now"
    yield from _inside(_told, before, after, old, new, where)


def _inside(
    compare: Callable[[Document, Document, Schema, Schema, str], Iterator[str]],
    before: Document,
    after: Document,
    old: Schema,
    new: Schema,
    where: str,
) -> Iterator[str]:
    known, present = old.get("properties", {}), new.get("properties", {})
    for name in sorted(known.keys() & present.keys()):
        yield from compare(before, after, known[name], present[name], f"{where}.{name}")
    for word, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(old.get(word), Mapping) and isinstance(new.get(word), Mapping):
            yield from compare(before, after, old[word], new[word], f"{where}{mark}")


def _other_type(known: list[Schema], offered: list[Schema], where: str) -> str:
    present, past = (" or ".join(dict.fromkeys(each.get("type", "anything") for each in of)) for of in (offered, known))
    return f"{where} is {present} and was {past}"


def _is_within(narrow: Schema, wide: Schema) -> bool:
    types = (narrow.get("type"), wide.get("type"))
    return types[1] is None or types[0] == types[1] or types == ("integer", "number")


def _gone(old: Schema, new: Schema, where: str) -> Iterator[str]:
    gone = old.get("properties", {}).keys() - new.get("properties", {}).keys()
    yield from (f"{where}.{name} is gone" for name in sorted(gone))


def _fewer_values(old: Schema, new: Schema, where: str) -> Iterator[str]:
    taken, known = _values(new), _values(old)
    if taken is not None and known is None:
        yield f"{where} takes only some values now"
    elif taken is not None and known is not None:
        yield from (f"{where} may not be {value!r} any more" for value in known if value not in taken)


def _values(schema: Schema) -> list[Any] | None:
    """None: any."""
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _narrower(old: Schema, new: Schema, where: str) -> Iterator[str]:
    for word in LEAST:
        if word in new and (word not in old or new[word] > old[word]):
            yield f"{where} has a {word} of {new[word]} now, and had {old.get(word, 'none')}"
    for word in MOST:
        if word in new and (word not in old or new[word] < old[word]):
            yield f"{where} has a {word} of {new[word]} now, and had {old.get(word, 'none')}"
    for word in ("pattern", "format", "multipleOf"):
        if word in new and new[word] != old.get(word):
            yield f"{where} has the {word} {new[word]} now, and had {old.get(word, 'none')}"
