"""A newer description of the API may add, and must keep."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.api.compatibility import breaks

Change = Callable[[dict[str, Any]], Any]
CLUSTERS = "/api/v1/clusters"


@pytest.fixture(scope="module")
def released() -> dict[str, Any]:
    text = (Path(__file__).parents[3] / "docs" / "openapi-released.yaml").read_text(encoding="utf-8")
    described: dict[str, Any] = yaml.safe_load(text)
    return described


def schema(described: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = described["components"]["schemas"][name]
    return found


def parameters(described: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = described["paths"][CLUSTERS]["get"]["parameters"]
    return found


def answer_of(described: dict[str, Any]) -> dict[str, Any]:
    content = described["paths"][CLUSTERS]["post"]["responses"]["202"]["content"]
    found: dict[str, Any] = content["application/json"]["schema"]
    return found


def answer_with(described: dict[str, Any], schema: dict[str, Any]) -> None:
    described["paths"][CLUSTERS]["post"]["responses"]["202"]["content"]["application/json"]["schema"] = schema


def test_what_stays_as_it_is_breaks_nothing(released: dict[str, Any]) -> None:
    assert breaks(released, deepcopy(released)) == []


@pytest.mark.parametrize(
    "add",
    [
        lambda it: it["paths"].update({"/api/v1/more": it["paths"]["/api/v1/me"]}),
        lambda it: schema(it, "Cluster")["properties"].update(more={"type": "string"}),
        lambda it: schema(it, "WishRequest")["properties"].update(more={"type": "string"}),
        lambda it: parameters(it).append({"in": "query", "name": "more", "schema": {"type": "string"}}),
        lambda it: schema(it, "ClusterStatus")["enum"].append("asleep"),
        lambda it: it["paths"][CLUSTERS]["post"]["responses"].update({"201": {"description": ""}}),
        lambda it: answer_with(it, {"oneOf": [schema(it, "Quote"), answer_of(it)]}),
    ],
)
def test_what_is_added_breaks_nothing(add: Change, released: dict[str, Any]) -> None:
    newer = deepcopy(released)
    add(newer)
    assert breaks(released, newer) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda it: it["paths"].pop("/api/v1/me"), "GET /api/v1/me: is gone"),
        (lambda it: it["paths"][CLUSTERS].pop("post"), "POST /api/v1/clusters: is gone"),
        (lambda it: schema(it, "Cluster")["properties"].pop("owner"), "answer.owner is gone"),
        (lambda it: schema(it, "Cluster")["required"].remove("owner"), "answer.owner may be missing now"),
        (lambda it: schema(it, "Cluster")["properties"]["owner"].update(type="integer"), "owner is integer"),
        (lambda it: schema(it, "WishRequest")["properties"].pop("spread"), "body.spread is gone"),
        (lambda it: schema(it, "WishRequest")["required"].append("spread"), "body.spread must be sent now"),
        (lambda it: schema(it, "WishRequest")["properties"]["workers"].update(type="string"), "body.workers is string"),
        (lambda it: schema(it, "Scope")["enum"].remove("read"), "may not be 'read' any more"),
        (lambda it: it["paths"][CLUSTERS]["post"]["responses"].pop("202"), "answers no 202 any more"),
        (lambda it: answer_with(it, {"oneOf": [schema(it, "Quote")]}), "answer.owner is gone"),
        (lambda it: parameters(it).pop(-1), "the parameter status is gone"),
        (lambda it: parameters(it)[-1].update(required=True), "the parameter status must be sent now"),
        (lambda it: parameters(it)[-1]["schema"]["items"]["enum"].remove("ready"), "may not be 'ready' any more"),
        (lambda it: it["paths"]["/api/v1/clusters/{cluster_id}/jobs"]["post"].pop("requestBody"), "takes no multipart"),
    ],
)  # fmt: skip
def test_what_programs_would_stumble_over_is_named(change: Change, says: str, released: dict[str, Any]) -> None:
    newer = deepcopy(released)
    change(newer)
    assert any(says in fault for fault in breaks(released, newer)), breaks(released, newer)


def one(schema: dict[str, Any], answer: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A description with one operation, which takes and answers the one field `it`."""

    def content(it: dict[str, Any]) -> dict[str, Any]:
        return {"content": {"application/json": {"schema": {"type": "object", "properties": {"it": it}}}}}

    operation = {"requestBody": content(schema), "responses": {"200": content(answer or {})}}
    return {"paths": {"/it": {"post": operation}}, "components": {"schemas": more}}


TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}
NULL: dict[str, Any] = {"type": "null"}
FEW: dict[str, Any] = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
MORE: dict[str, Any] = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a", "b"]}
ONE_NEEDED: dict[str, Any] = {**MORE, "required": ["a"]}
REFERENCE: dict[str, Any] = {"$ref": "#/components/schemas/Named"}
# Of what is sent: wide, narrow, and what is said where it becomes narrow.
NARROWER: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (TEXT, {**TEXT, "minLength": 2}, "body.it has a minLength of 2 now, and had none"),
    ({**TEXT, "minLength": 1}, {**TEXT, "minLength": 2}, "body.it has a minLength of 2 now, and had 1"),
    ({**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 8}, "body.it has a maxLength of 8 now, and had 9"),
    ({**NUMBER, "minimum": 0}, {**NUMBER, "minimum": 1}, "body.it has a minimum of 1 now, and had 0"),
    (NUMBER, {**NUMBER, "exclusiveMinimum": 0}, "body.it has a exclusiveMinimum of 0 now, and had none"),
    ({**NUMBER, "maximum": 9}, {**NUMBER, "maximum": 8}, "body.it has a maximum of 8 now, and had 9"),
    (NUMBER, {**NUMBER, "exclusiveMaximum": 9}, "body.it has a exclusiveMaximum of 9 now, and had none"),
    (NUMBER, {**NUMBER, "multipleOf": 5}, "body.it has the multipleOf 5 now, and had none"),
    ({"type": "array", "items": TEXT}, {"type": "array", "items": TEXT, "maxItems": 3}, "a maxItems of 3 now"),
    ({"type": "array"}, {"type": "array", "minItems": 1}, "body.it has a minItems of 1 now, and had none"),
    ({"type": "object"}, {"type": "object", "minProperties": 1}, "body.it has a minProperties of 1 now, and had none"),
    ({"type": "object"}, {"type": "object", "maxProperties": 1}, "body.it has a maxProperties of 1 now, and had none"),
    (TEXT, {**TEXT, "pattern": "^a"}, "body.it has the pattern ^a now, and had none"),
    (TEXT, {**TEXT, "format": "uuid"}, "body.it has the format uuid now, and had none"),
    (TEXT, {**TEXT, "enum": ["a", "b"]}, "body.it takes only some values now"),
    ({**TEXT, "enum": ["a", "b"]}, {**TEXT, "enum": ["a"]}, "body.it may not be 'b' any more"),
    ({**TEXT, "enum": ["a", "b"]}, {**TEXT, "const": "a"}, "body.it may not be 'b' any more"),
    ({"type": "number"}, NUMBER, "body.it is integer and was number"),
    ({"type": ["string", "null"]}, TEXT, "body.it is string and was string or null"),
    ({"anyOf": [TEXT, NULL]}, TEXT, "body.it is string and was string or null"),
    ({"oneOf": [TEXT, NUMBER, NULL]}, {"oneOf": [TEXT, NULL]}, "string or null and was string or integer"),
    ({}, TEXT, "body.it is string and was anything"),
    ({"oneOf": [ONE_NEEDED, NULL]}, {"oneOf": [MORE, NULL]}, "body.it.b must be sent now"),
    ({"anyOf": [TEXT, NULL]}, {"anyOf": [{**TEXT, "maxLength": 9}, NULL]}, "body.it has a maxLength of 9 now"),
    ({"allOf": [ONE_NEEDED], "default": {}}, {"allOf": [MORE], "default": {}}, "body.it.b must be sent now"),
    ({"allOf": [TEXT]}, {"allOf": [TEXT, {"maxLength": 9}, {"maxLength": 7}]}, "body.it has a maxLength of 7 now"),
    ({"type": "object"}, {"type": "object", "additionalProperties": False}, "body.it takes no other fields any more"),
    (
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": {**TEXT, "maxLength": 9}},
        "body.it.* has a maxLength of 9 now",
    ),
    ({"type": "array", "items": TEXT}, {"type": "array", "items": {**TEXT, "maxLength": 9}}, "[] has a maxLength of 9"),
]  # fmt: skip


@pytest.mark.parametrize(("wide", "narrow", "says"), NARROWER)
def test_what_is_taken_may_become_wider_and_not_narrower(
    wide: dict[str, Any], narrow: dict[str, Any], says: str
) -> None:
    faults = breaks(one(wide), one(narrow))
    assert len(faults) == 1
    assert says in faults[0]
    assert breaks(one(narrow), one(wide)) == []


@pytest.mark.parametrize(
    ("fewer", "more", "says"),
    [
        (TEXT, {"type": ["string", "null"]}, "answer.it is string or null and was string"),
        (TEXT, {"anyOf": [TEXT, NULL]}, "answer.it is string or null and was string"),
        (NUMBER, {"type": "number"}, "answer.it is number and was integer"),
        (TEXT, {}, "answer.it is anything and was string"),
        ({"oneOf": [MORE, NULL]}, {"oneOf": [FEW, NULL]}, "answer.it.b is gone"),
        ({"allOf": [MORE]}, {"allOf": [FEW]}, "answer.it.b is gone"),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": {"oneOf": [TEXT, NUMBER]}}, "answer.it[] is"),
    ],
)
def test_what_is_told_may_not_become_what_nobody_was_told_of(
    fewer: dict[str, Any], more: dict[str, Any], says: str
) -> None:
    assert any(says in fault for fault in breaks(one({}, fewer), one({}, more)))
    assert breaks(one({}, more), one({}, fewer)) == []


@pytest.mark.parametrize("wrapped", [REFERENCE, {"allOf": [REFERENCE]}, {"oneOf": [REFERENCE, NULL]}])
def test_a_reference_is_followed_wherever_it_stands(wrapped: dict[str, Any]) -> None:
    assert breaks(one(wrapped, wrapped, Named=FEW), one(wrapped, wrapped, Named=FEW)) == []
    assert breaks(one(wrapped, Named=FEW), one(wrapped, Named=MORE)) == ["POST /it: body.it.b must be sent now"]
    assert "POST /it: answer.it.b is gone" in breaks(one({}, wrapped, Named=MORE), one({}, wrapped, Named=FEW))


def test_null_may_be_said_as_a_type_or_as_an_alternative() -> None:
    few: dict[str, Any] = {**TEXT, "enum": ["a"], "maxLength": 9}
    alternatives = {"oneOf": [few, NULL]}
    types = {**few, "type": ["string", "null"], "enum": ["a", None]}
    assert breaks(one(types, types), one(alternatives, alternatives)) == []
    assert breaks(one(alternatives, alternatives), one(types, types)) == []


def test_what_stands_beside_a_reference_counts() -> None:
    older, newer = one(REFERENCE, Named=TEXT), one({**REFERENCE, "maxLength": 9}, Named=TEXT)
    assert breaks(older, newer) == ["POST /it: body.it has a maxLength of 9 now, and had none"]
