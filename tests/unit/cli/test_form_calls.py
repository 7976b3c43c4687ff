"""What pages show as calls of the API and as lines for a shell is what both take."""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from django.template import Context, Template
from django.urls import Resolver404, resolve
from jsonschema import Draft202012Validator

from cli.slipway_client.main import root
from cli.slipway_client.session import Session
from portal.api.schema import document
from portal.web import as_call
from portal.web.form_calls import CALLS
from portal.web.urls import urlpatterns
from tests.unit.cli.shapes import COURSE

MAKES = re.compile(r"(make|add|give|import)-|class-(start|extend|end)$")
described = cache(document)


def shown(form: str) -> dict[str, Any]:
    return as_call.of_form("http://portal.test", CALLS[form], COURSE["id"], COURSE["name"])


def test_each_form_that_makes_something_has_one() -> None:
    makes = {pattern.name for pattern in urlpatterns if MAKES.match(pattern.name)}
    assert makes <= set(CALLS)
    assert set(CALLS) <= {pattern.name for pattern in urlpatterns}


@pytest.mark.parametrize("form", CALLS)
def test_the_api_takes_the_call(form: str) -> None:
    words = shlex.split(shown(form)["curl"].replace("$(uuidgen)", "x"))
    method, path = words[words.index("-X") + 1], words[words.index("-X") + 2].removeprefix("http://portal.test")
    try:
        route = f"/{resolve(path).route}"
    except Resolver404:
        pytest.fail(f"{path} is no address")
    operation = described()["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)][method.lower()]
    if "-d" in words:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": described()["components"]}
        Draft202012Validator(whole).validate(json.loads(words[words.index("-d") + 1]))
    else:
        assert "requestBody" not in operation


@pytest.mark.parametrize("form", CALLS)
def test_the_command_line_takes_the_command(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("class.csv", "lecture.json"):
        Path(name).touch()
    program, *words = shlex.split(shown(form)["command"])
    assert program == "slipway"
    command: click.Command = root
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    with command.make_context(command.name, words, obj=Session()) as context:
        assert not context.args


def test_a_page_shows_it_folded() -> None:
    page = Template('{% load calls %}{% as_call "add-member" course="x" name="<b>" %}').render(Context())
    assert "<details" in page
    assert "/api/v1/courses/x/members" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
