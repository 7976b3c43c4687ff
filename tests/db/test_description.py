"""The API's description and the page to try it on."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.staticfiles import finders
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from heat_templates.schema import request as cluster_request
from portal.api.examples import EXAMPLES
from portal.api.operations import WORDS


def described() -> dict[str, Any]:
    answer = Client().get("/api/v1/schema")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/vnd.oai.openapi+json"
    found: dict[str, Any] = answer.json()
    return found


def test_it_is_openapi_3_1_and_says_where_the_portal_is() -> None:
    found = described()
    assert found["openapi"].startswith("3.1.")
    assert found["servers"] == [{"url": "http://portal.test:8000"}]


def test_what_may_be_asked_of_a_cluster_is_what_its_spec_says() -> None:
    wish = described()["components"]["schemas"]["WishRequest"]
    for name, field in cluster_request()["properties"].items():
        described_field = wish["properties"][name]
        assert described_field["description"] == field["description"]
        assert described_field.get("properties", {}).keys() == field.get("properties", {}).keys()
    assert {"course", "hours", "folders"} <= set(wish["properties"])
    assert wish["additionalProperties"] is False


def test_every_operation_says_its_scope_and_how_it_is_refused() -> None:
    for path, operations in described()["paths"].items():
        for method, operation in operations.items():
            assert operation["responses"].keys() & {"200", "201", "202", "204"}, (path, method)
            assert {"429", "503"} <= operation["responses"].keys()
            assert any(operation["security"][0].get("token", ())), (path, method)


def test_every_operation_says_in_plain_words_what_it_does() -> None:
    operations = [operation for ways in described()["paths"].values() for operation in ways.values()]
    summaries = [operation["summary"] for operation in operations]
    assert all(summaries)
    assert len(set(summaries)) == len(summaries)
    assert {operation["operationId"] for operation in operations} == set(WORDS), "words for what is not there"


def test_every_status_that_words_tell_of_is_one_that_the_operation_has() -> None:
    for path, operations in described()["paths"].items():
        for method, operation in operations.items():
            told = set(re.findall(r"\*\*(\d+)\*\*", operation.get("description", "")))
            assert told <= operation["responses"].keys(), (path, method)


def test_each_example_is_as_the_description_says_things_are() -> None:
    found = described()
    operations = {each["operationId"]: each for ways in found["paths"].values() for each in ways.values()}
    checked = 0
    for name in EXAMPLES:
        parts = [operations[name]["requestBody"], operations[name]["responses"][EXAMPLES[name].status]]
        for content in (content for part in parts for content in part["content"].values() if "example" in content):
            schema = {**content["schema"], "components": found["components"]}
            Draft202012Validator(schema, format_checker=FormatChecker()).validate(content["example"])
            checked += 1
    assert checked == sum((example.sent is not None) + 1 for example in EXAMPLES.values())


def test_the_page_takes_all_it_needs_from_the_portal_itself() -> None:
    answer = Client().get("/api/v1/docs")
    page = answer.content.decode()
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(source.startswith("/") for source in sources)
    files = [source.removeprefix("/static/") for source in sources if source.startswith("/static/")]
    assert len(files) == 5
    assert all(finders.find(name) for name in files)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "<script>" not in page
    assert "style=" not in page
