"""What pages show as calls of the API and as lines for a shell is what both take."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.template import Context, Template
from django.urls import Resolver404, resolve
from jsonschema import Draft202012Validator

from cli.slipway_client.exits import Exit
from portal.api.schema import document
from portal.web import as_call
from portal.web.form_calls import CALLS
from portal.web.urls import urlpatterns
from tests.unit.cli.shapes import COURSE, OTHER_ID, page

MAKES = re.compile(r"(make|add|give|import)-|class-(start|extend|end)$")
FILE = re.compile(r"<\(echo ('.*?')\)")
PAGE = {"course": COURSE["id"], "course_name": COURSE["name"]}
described = cache(document)
# What somebody may have typed in all of a form's fields, by the names that they have in the API.
MEMO = 'it\'s -- for "them"'
TYPED: dict[str, dict[str, Any]] = {
    "make-course": {
        "name": "ds", "title": "Ünïts $HOME", "project": "p9",
        "starts_on": date(2026, 9, 1), "ends_on": date(2027, 1, 31),
    },
    "appoint": {"username": "bo b"},
    "add-member": {"username": "-x", "role": "assistant"},
    "import-group": {"group": "a/b 'c'", "role": "teacher"},
    "except-student": {
        "username": "bo b", "limit": "credits", "value": "none", "limits": {"credits": None, "nodes": 3}
    },
    "make-profile": {
        "name": "--name", "text": MEMO, "spec": {"workers": 3, "settings": {"spark": {"a.b": "it's"}}},
        "may_change": ["hours", "workers"],
    },
    "class-start": {
        "name": "lab", "workers": 3, "flavor": "medium", "hours": 4, "at_once": 7, "students": ["bo", "cy"],
        "profile": OTHER_ID, "ready_at": datetime(2026, 11, 23, 8, tzinfo=UTC),
    },
    "class-extend": {"hours": 5},
    "class-end": {"confirm": "demo"},
    "give-credits": {"amount": Decimal("0.500000"), "memo": MEMO, "out_of": "budget", "new": False, "budget": True},
    "correct-charges": {"person": "bo", "amount": Decimal(-5), "memo": MEMO},
    "give-budget": {"person": "-bo", "amount": Decimal(7), "memo": ""},
    "add-rate": {
        "kind": "gpu", "name": "", "price": Decimal("0.1"), "valid_from": datetime(2027, 1, 1, tzinfo=UTC),
        "correcting": True, "memo": MEMO,
    },
    "make-token": {"name": "-n", "scopes": ["read", "billing"], "days": 9},
    "make-service-account": {"name": "lab", "scopes": ["read", "admin"]},
    "make-service-token": {"name": "n", "scopes": ["billing"], "days": 9, "service_account": "lab"},
    "make-folder": {
        "course": COURSE["id"], "name": "東京", "size_gb": 9, "share_type": "nfs", "access_for_students": "ro",
        "students_only_read": True,
    },
}  # fmt: skip
DEFAULTS = {"access_for_students", "at_once", "framework"}  # that the command says though nobody does
EACH = [*((form, None) for form in CALLS), *TYPED.items()]
names = [f"{form}{'' if typed is None else ' as typed'}" for form, typed in EACH]
each = pytest.mark.parametrize(("form", "typed"), EACH, ids=names)


def shown(form: str, typed: dict[str, Any] | None) -> dict[str, Any]:
    known = {} if form == "make-folder" and typed else PAGE
    return as_call.of_form("http://portal.test", CALLS[form], known, typed)


def asked(form: str, typed: dict[str, Any] | None) -> tuple[str, str, Any]:
    """The method, the path and the body of the call."""
    words = shlex.split(shown(form, typed)["curl"])
    method, path = words[words.index("-X") + 1], words[words.index("-X") + 2].removeprefix("http://portal.test")
    return method, path, json.loads(words[words.index("-d") + 1]) if "-d" in words else {}


def test_each_form_that_makes_something_has_one() -> None:
    makes = {pattern.name for pattern in urlpatterns if MAKES.match(pattern.name)}
    assert makes <= set(CALLS)
    assert set(CALLS) <= {pattern.name for pattern in urlpatterns}


@each
def test_the_api_takes_the_call(form: str, typed: dict[str, Any] | None) -> None:
    method, path, body = asked(form, typed)
    try:
        route = f"/{resolve(unquote(path)).route}"
    except Resolver404:
        pytest.fail(f"{path} is no address")
    operation = described()["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)][method.lower()]
    if body:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": described()["components"]}
        Draft202012Validator(whole).validate(body)
    else:
        assert "requestBody" not in operation


@each
def test_the_command_asks_for_the_same(
    form: str, typed: dict[str, Any] | None, server: Any, slipway: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("class.csv").write_text(CALLS["import-roster"].example["csv"])
    line = shown(form, typed)["command"]
    for content in FILE.findall(line):
        Path("profile.json").write_text(*shlex.split(content))
    program, *words = shlex.split(FILE.sub("profile.json", line))
    assert program == "slipway"
    for answer in looks(form, words):
        server.will_answer(200, answer)
    server.will_answer(409, {"title": "No", "status": 409, "detail": "Not now.", "next": "Come again."})
    assert slipway(*words).code == Exit.REFUSED
    method, path, body = asked(form, typed)
    call = server.calls[-1]
    assert (call.method, call.path) == (method, path)
    made = json.loads(call.body) if call.body else {}
    assert {name: plain(made[name]) for name in body} == {name: plain(value) for name, value in body.items()}
    assert not {name for name, value in made.items() if name not in body and value not in (None, "", False)} - DEFAULTS


def looks(form: str, words: list[str]) -> list[Any]:
    """What the command reads before it asks."""
    profile = [page({"id": OTHER_ID, "name": "lecture"})] if "--profile" in words else []
    limits = {"username": "bo b", "limits": {"nodes": 3}}
    of_course = [page(COURSE)] if "course_name" in CALLS[form].arguments or "--course" in words else []
    return [*of_course, *profile, *([limits] if form == "except-student" else [])]


def plain(value: Any) -> Any:
    """Times may be written with one offset or another, and numbers as texts."""
    text = str(value) if isinstance(value, int) else value
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text


def test_a_page_shows_it_folded() -> None:
    shown = Template('{% load calls %}{% as_call "add-member" course="x" course_name="<b>" %}').render(Context())
    assert "<details" in shown
    assert "/api/v1/courses/x/members" in shown
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
