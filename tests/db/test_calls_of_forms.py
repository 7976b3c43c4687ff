"""A form that was refused or looked at first shows the call of the API with what was typed."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.tokens import make_service
from portal.clusters.models import Cluster
from portal.courses.models import Course
from portal.web.form_calls import CALLS
from tests.db.test_credits import use

SIZE: dict[str, Any] = {"workers": "3", "flavor": "medium", "hours": "2"}
SAID: dict[str, Any] = {"workers": 3, "flavor": "medium", "hours": 2}
# By the names of the forms' addresses: who sends it, what is typed, and what the call's body is then.
SENT: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "make-course": (
        "dora",
        {"name": "No Name", "title": "Big <data>", "starts_on": "2026-09-01", "ends_on": ""},
        {"name": "No Name", "title": "Big <data>", "starts_on": "2026-09-01"},
    ),
    "make-folder": (
        "alice",
        {"name": "../x", "course": "{course}", "size_gb": "x", "share_type": "nfs", "access_for_students": "ro"},
        {"name": "../x", "course": "{course}", "size_gb": "x", "share_type": "nfs", "access_for_students": "ro"},
    ),
    "add-member": ("bob", {"username": "", "role": "assistant"}, {"username": "", "role": "assistant"}),
    "import-group": (
        "bob",
        {"group": "class <a>", "role": "student"},
        {"group": "class <a>", "role": "student", "apply": False},
    ),
    "except-student": ("bob", {"username": "alice", "name": "nodes", "value": "-3"}, {"nodes": -3}),
    "make-profile": (
        "bob",
        {"name": "", "framework": "spark", **SIZE, "gpus": "1", "may_change": ["hours", "gpus"]},
        {"name": "", "spec": {"framework": "spark", **SAID, "gpus": 1}, "may_change": ["hours", "gpus"]},
    ),
    "class-start": (
        "bob",
        {"name": "lab", **SIZE, "ready_at": "2020-11-23T10:00", "at_once": "7", "students": "ann\n alice "},
        {
            "name": "lab", **SAID, "ready_at": "2020-11-23T10:00:00Z", "at_once": 7, "students": ["ann", "alice"],
            "preview": True,
        },
    ),
    "class-extend": ("bob", {"hours": "9", "preview": "1"}, {"hours": 9, "preview": True}),
    "class-end": ("bob", {"confirm": "x"}, {"confirm": "x", "preview": True}),
    "give-credits": (
        "dora",
        {"amount": "-1.50", "memo": "<b>", "out_of": "new"},
        {"amount": "-1.50", "memo": "<b>", "out_of": "new"},
    ),
    "correct-charges": (
        "dora",
        {"person": "nobody", "amount": "2", "memo": "twice"},
        {"person": "nobody", "amount": "2", "memo": "twice"},
    ),
    "give-budget": ("dora", {"person": "ann", "amount": "0", "memo": ""}, {"person": "ann", "amount": "0"}),
    "add-rate": (
        "dora",
        {"kind": "node", "name": "small", "price": "0.50", "valid_from": "2020-01-01T10:00", "memo": "x"},
        {"kind": "node", "name": "small", "price": "0.50", "valid_from": "2020-01-01T10:00:00Z", "memo": "x"},
    ),
    "make-token": ("alice", {"name": "nightly", "scopes": [], "days": "999"}, {"name": "nightly", "days": 999}),
    "make-service-account": ("dora", {"name": "No", "scopes": ["billing"]}, {"name": "No", "scopes": ["billing"]}),
    "make-service-token": (
        "dora",
        {"name": "n", "scopes": ["billing"], "days": "0"},
        {"name": "n", "scopes": ["billing"], "days": 0, "service_account": "hub"},
    ),
}  # fmt: skip
# Of a list its file is sent, and to let somebody make courses is no form that is shown again.
NOT_SHOWN_AGAIN = {"import-roster", "appoint"}


def test_each_form_that_is_shown_again_is_here() -> None:
    assert set(SENT) == set(CALLS) - NOT_SHOWN_AGAIN


@pytest.mark.parametrize("form", SENT)
def test_the_call_holds_what_was_typed(
    form: str, browser: Callable[[User], Client], course: Course, ready: Cluster, alice: User, bob: User, dora: User
) -> None:
    make_service(dora, "hub", ["billing"])
    use(uuid4(), "alice", 1)
    who, typed, expected = SENT[form]
    known = {"course_id": course.pk} if CALLS[form].path.startswith("courses/{course}") else {}
    known = {"service": "hub"} if form == "make-service-token" else known
    answer = browser({"alice": alice, "bob": bob, "dora": dora}[who]).post(
        reverse(form, kwargs=known), filled(typed, course)
    )
    assert answer.status_code == (200 if "preview" in typed else 422)
    assert filled(expected, course) in bodies(answer.content.decode())


def filled(values: dict[str, Any], course: Course) -> dict[str, Any]:
    return {name: str(course.pk) if value == "{course}" else value for name, value in values.items()}


def bodies(page: str) -> list[Any]:
    """Of all calls that the page shows."""
    calls = re.findall(r"<pre[^>]*>(curl.*?)</pre>", page, re.DOTALL)
    shown = [shlex.split(html.unescape(text)) for text in calls]
    return [json.loads(words[words.index("-d") + 1]) for words in shown if "-d" in words]


@pytest.mark.parametrize("where", ["create", "price"])
@pytest.mark.parametrize("workers", ["2", "99"])
def test_the_call_of_a_new_cluster_holds_what_was_typed(
    where: str, workers: str, browser: Callable[[User], Client], course: Course, alice: User
) -> None:
    """Also where it cannot be made."""
    size = {**SIZE, "workers": workers, "gpus": "1"}
    typed = {"name": "Ünfit <x>", "course": str(course.pk), "framework": "spark", **size}
    page = browser(alice).post(reverse(where), typed).content.decode()
    assert bodies(page) == [
        {
            "course": str(course.pk), "name": "Ünfit <x>", "framework": "spark", "workers": int(workers),
            "flavor": "medium", "hours": 2, "gpus": 1,
        }
    ]  # fmt: skip
    assert f"--workers {workers} --flavor medium" in page
