"""One's own settings from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

ME = {
    "username": "ann", "is_administrator": False, "is_service": False, "scopes": ["read"],
    "email": "ann@example.org", "wants_letters": True,
}  # fmt: skip


def test_one_sees_where_letters_go(server: Any, slipway: Any) -> None:
    server.will_answer(200, ME)
    rows = [line.split() for line in slipway("me").out.splitlines()]
    assert rows == [["Name", "ann"], ["E-mail", "ann@example.org"], ["Warned", "by", "e-mail", "yes"]]
    assert [(call.method, call.path) for call in server.calls] == [("GET", "/api/v1/me")]


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["--email", "a@example.org"], {"email": "a@example.org"}),
        (["--email", "none", "--letters"], {"email": "", "wants_letters": True}),
        (["--no-letters"], {"wants_letters": False}),
    ],
)
def test_only_what_is_said_is_changed(server: Any, slipway: Any, words: list[str], body: dict[str, Any]) -> None:
    server.will_answer(200, {**ME, **body})
    assert slipway("me", *words, "--json").json == {**ME, **body}
    (call,) = server.calls
    assert (call.method, call.path, json.loads(call.body)) == ("PATCH", "/api/v1/me", body)
