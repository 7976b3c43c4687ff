"""Whatever the client asks for is an address that the portal has, with that method."""

from __future__ import annotations

import inspect
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve

from cli.slipway_client import Client
from portal.api.urls import urlpatterns
from portal.api.views.unknown import Unknown
from tests.unit.cli.shapes import CLUSTER_ID, cluster, page

ANSWER = {**page(), **cluster(), "token": "t", "unanswered": []}
WORDS: dict[str, Any] = {
    "workers": 2, "hours": 4, "size_gb": 2, "days": 7, "scopes": ["read"], "wish": {}, "path": "a/b.csv",
    "course": {}, "each_student": {}, "limits": {}, "changes": {}, "spec": {}, "most": 1,
}  # fmt: skip
CALLS = sorted(
    name
    for name, call in inspect.getmembers(Client, inspect.isfunction)
    if not name.startswith("_") and not name.startswith("wait_for")
)


def called(server: Any, folder: Path, name: str) -> Any:
    """The request that comes of a call."""
    (folder / "job.py").write_text("")
    files = {"application": folder / "job.py", "destination": folder / "got"}
    needed = {
        parameter.name: {**WORDS, **files}.get(parameter.name, CLUSTER_ID)
        for parameter in inspect.signature(getattr(Client, name)).parameters.values()
        if parameter.default is parameter.empty and parameter.name != "self"
    }
    server.will_answer(200, ANSWER)
    getattr(Client(server.url, "t"), name)(**needed)
    return server.calls.pop()


@pytest.mark.parametrize("name", CALLS)
def test_the_portal_has_the_address_of_each_call(server: Any, tmp_path: Path, name: str) -> None:
    call = called(server, tmp_path, name)
    view = resolve(call.path.partition("?")[0]).func.view_class
    assert view is not Unknown, call.path
    assert hasattr(view, call.method.lower()), (call.method, call.path)


def test_an_address_that_is_none_would_be_found_out() -> None:
    assert resolve(f"/api/v1/clusters/{uuid.uuid4()}/frobnicate").func.view_class is Unknown


# For programs of other systems, which have clients of their own, and for people who read.
NOT_FOR_A_SHELL = {
    "schema", "docs", "introspect", "lease-check-create", "lease-create", "lease-check-update", "lease-update",
    "lease-on-end",
}  # fmt: skip


def test_there_is_a_call_for_each_address_of_the_portal(server: Any, tmp_path: Path) -> None:
    calls = [called(server, tmp_path, name) for name in CALLS]
    known = {(call.method.lower(), resolve(call.path.partition("?")[0]).url_name) for call in calls}
    offered = {
        (method, pattern.name)
        for pattern in urlpatterns
        if pattern.name and pattern.name not in NOT_FOR_A_SHELL
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(pattern.callback.view_class, method)
    }
    assert sorted(offered - known) == []
