"""What the portal answers where it fails itself: to programs as problem details, to people as a page, and nothing of
the fault but to its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.clusters.models import Cluster
from tests.db.conftest import problem
from tests.db.test_nodes import EVENT, node, say

SECRET = "password=hunter2"


def fail(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError(SECRET)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(record.exc_info[1]) for record in caplog.records if record.name == "django.request" and record.exc_info]


def test_a_program_is_told_of_a_fault_as_of_every_refusal(
    api: Callable[[User], Client], alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = api(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("portal.api.views.accounts.MeSerializer", fail)
    answer = client.get("/api/v1/me")
    told = problem(answer)
    assert (answer.status_code, told["status"], told["type"]) == (500, 500, "urn:slipway:problem:fault")
    assert "log" in told["detail"]
    assert "administrator" in told["next"]
    assert SECRET not in answer.content.decode()
    assert logged(caplog) == [SECRET]


def test_so_is_a_node(creating: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    client = node(creating)
    client.raise_request_exception = False
    monkeypatch.setattr("portal.nodes.views.record_event", fail)
    answer = say(client, "events", EVENT)
    assert (answer.status_code, problem(answer)["status"]) == (500, 500)
    assert logged(caplog) == [SECRET]


def test_a_person_gets_a_page(
    browser: Callable[[User], Client], alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = browser(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("portal.web.views.me.LettersForm", fail)
    answer = client.get("/me")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "This is a fault of ours" in answer.content.decode()
    assert SECRET not in answer.content.decode()
    assert logged(caplog) == [SECRET]
