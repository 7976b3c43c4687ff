"""Tokens from the command line."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.cli.shapes import page

TOKEN = {
    "id": "6f1c2a34-0000-4000-8000-000000000009", "name": "ci", "of": "alice", "scopes": ["read", "clusters"],
    "created_at": "2026-11-21T18:00:00Z", "expires_at": "2026-12-21T18:00:00Z", "last_used_at": None,
}  # fmt: skip


def test_a_token_is_printed_alone_so_that_a_script_can_take_it(server: Any, slipway: Any) -> None:
    server.will_answer(201, {"token": "slipway_abc", **TOKEN})
    done = slipway("token", "create", "ci", "--scope", "read", "--scope", "clusters", "--days", "7")
    assert done.out == "slipway_abc\n"
    assert "not shown again" in done.err
    assert json.loads(server.calls[0].body) == {"name": "ci", "scopes": ["read", "clusters"], "days": 7}


def test_a_scope_that_is_none_is_a_wrong_command_line(server: Any, slipway: Any) -> None:
    assert slipway("token", "create", "ci", "--scope", "all").code == 2
    assert server.calls == []


def test_tokens_are_listed_and_revoked(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(TOKEN))
    server.will_answer(204, b"")
    assert "read, clusters" in slipway("token", "list").out
    assert slipway("token", "revoke", TOKEN["id"]).code == 2
    assert slipway("token", "revoke", TOKEN["id"], "--yes").code == 0
    assert (server.calls[1].method, server.calls[1].path) == ("DELETE", f"/api/v1/auth/tokens/{TOKEN['id']}")


def test_it_says_who_one_is(server: Any, slipway: Any) -> None:
    me = {"username": "alice", "is_administrator": False, "is_service": False, "scopes": ["read"]}
    server.will_answer(200, me)
    server.will_answer(200, me)
    assert slipway("whoami").out.split() == ["Portal", server.url, "Name", "alice", "Scopes", "read"]
    assert slipway("whoami", "--json").json == {"url": server.url, **me}
