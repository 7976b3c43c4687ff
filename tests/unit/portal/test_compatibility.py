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
