"""Whatever the client asks for is an address that the portal has, with that method."""

from __future__ import annotations

import inspect
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve

from cli.slipway_client import Client
from portal.api.views.unknown import Unknown
from tests.unit.cli.shapes import CLUSTER_ID, cluster, page

ANSWER = {**page(), **cluster(), "token": "t", "unanswered": []}
WORDS: dict[str, Any] = {
    "workers": 2, "hours": 4, "size_gb": 2, "days": 7, "scopes": ["read"], "wish": {}, "path": "a/b.csv",
    "course": {}, "each_student": {}, "limits": {},
}  # fmt: skip
CALLS = sorted(
    name
    for name, call in inspect.getmembers(Client, inspect.isfunction)
    if not name.startswith("_") and not name.startswith("wait_for")
)


@pytest.mark.parametrize("name", CALLS)
def test_the_portal_has_the_address_of_each_call(server: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "job.py").write_text("")
    files = {"application": tmp_path / "job.py", "destination": tmp_path / "got"}
    needed = {
        parameter.name: {**WORDS, **files}.get(parameter.name, CLUSTER_ID)
        for parameter in inspect.signature(getattr(Client, name)).parameters.values()
        if parameter.default is parameter.empty and parameter.name != "self"
    }
    server.will_answer(200, ANSWER)
    getattr(Client(server.url, "t"), name)(**needed)
    (call,) = server.calls
    view = resolve(call.path.partition("?")[0]).func.view_class
    assert view is not Unknown, call.path
    assert hasattr(view, call.method.lower()), (call.method, call.path)


def test_an_address_that_is_none_would_be_found_out() -> None:
    assert resolve(f"/api/v1/clusters/{uuid.uuid4()}/frobnicate").func.view_class is Unknown
