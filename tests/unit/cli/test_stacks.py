"""What administrators see of the stacks."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.shapes import CLUSTER_ID, COURSE, page

STACK = {
    "id": "6f1c2a34-0000-4000-8000-00000000000a", "name": "slipway-x", "ours": True, "status": "CREATE_COMPLETE",
    "reason": "", "generation": 1, "nodes": 3, "since": "2026-11-21T18:00:00Z", "age_seconds": 7500,
}  # fmt: skip
ROW = {
    "course": COURSE["id"], "course_name": "demo", "findings": {"orphaned": "No cluster of the portal's has it."},
    "stack": STACK, "cluster": None, "charge": None,
}  # fmt: skip
GONE = {
    **ROW,
    "stack": None,
    "cluster": {"id": CLUSTER_ID, "name": "flights", "owner": "alice", "status": "ready"},
    "findings": {"missing": "Heat has no such stack."},
    "charge": {"nodes": 3, "charged_to": None},
}
INSIDE = {
    **ROW, "in_state_since": "2026-11-21T18:00:00Z", "servers": 3, "parameters": {}, "template": "heat: \x1b[2J\n",
    "blocker": {"name": "worker-01", "type": "OS::Nova::Server", "status": "CREATE_FAILED", "reason": "No host"},
    "resources": [{"name": "worker-01", "type": "OS::Nova::Server", "status": "CREATE_FAILED", "reason": "No host"}],
    "events": [{"at": None, "resource": "worker-01", "status": "CREATE_FAILED", "reason": "No host"}],
}  # fmt: skip


def test_stacks_stand_beside_what_the_portal_believes(server: Any, slipway: Any) -> None:
    server.will_answer(200, {**page(ROW), "unanswered": [], "next": f"{server.url}/api/v1/admin/stacks?cursor=x"})
    server.will_answer(200, {**page(GONE), "unanswered": []})
    done = slipway("admin", "stacks", "--finding", "orphaned")
    assert done.code == 0
    _, _, orphan, missing = done.out.splitlines()
    assert ("orphaned" in orphan, "2 h 5 min" in orphan, STACK["id"] in orphan) == (True, True, True)
    assert ("missing" in missing, "alice/flights" in missing) == (True, True)
    assert ("nothing" in orphan, "3 nodes" in missing) == (True, True)
    assert [call.path for call in server.calls] == [
        "/api/v1/admin/stacks?finding=orphaned", "/api/v1/admin/stacks?cursor=x",
    ]  # fmt: skip


def test_a_list_that_is_not_whole_is_status_1(server: Any, slipway: Any) -> None:
    silent = {"course": COURSE["id"], "course_name": "demo", "why": "Heat does not answer."}
    server.will_answer(200, {**page(), "unanswered": [silent]})
    done = slipway("admin", "stacks", "--json")
    assert (done.code, done.json) == (1, {"results": [], "unanswered": [silent]})
    assert "Heat does not answer." in done.err


def test_one_stack_is_shown_with_what_blocks_it_or_as_its_template(server: Any, slipway: Any) -> None:
    server.will_answer(200, INSIDE)
    server.will_answer(200, INSIDE)
    shown = slipway("admin", "stack", STACK["id"]).out
    assert "worker-01: No host" in shown
    assert "orphaned: No cluster of the portal's has it." in shown
    assert slipway("admin", "stack", STACK["id"], "--template").out.startswith(r"heat: \x1b[2J")


def test_what_did_not_arrive_is_told_with_what_the_other_side_said(server: Any, slipway: Any) -> None:
    tried = {"made_at": "2026-11-21T18:00:00Z", "next_at": "2026-11-21T19:00:00Z", "attempts": 3}
    letter = {
        "id": 1,
        "to": "alice",
        "subject": "Ends soon",
        "state": "undeliverable",
        "trouble": "550 \x1b[2J",
        **tried,
    }
    notice = {"id": 1, "verb": "on-end", "lease": COURSE["id"], "body": {}, "trouble": "no money", **tried}
    server.will_answer(200, page(letter))
    server.will_answer(200, page(notice))
    server.will_answer(200, page())
    assert r"none       550 \x1b[2J" in slipway("admin", "letters").out
    assert "no money" in slipway("admin", "notices").out
    assert "taken all" in slipway("admin", "notices").err


def test_shares_stand_beside_folders(server: Any, slipway: Any) -> None:
    share = {"id": "s-1", "name": "slipway-folder-x", "status": "available", "size_gb": 5, "ours": True}
    charge = {"size_gb": None, "charged_to": None}
    row = {"course": COURSE["id"], "course_name": "demo", "folder": None, "charge": charge}
    server.will_answer(200, {**page({**row, "findings": {"orphaned": "!"}, "share": share}), "unanswered": []})
    done = slipway("admin", "shares", "--finding", "orphaned")
    assert done.code == 0
    assert done.out.splitlines()[2].split() == ["demo", "s-1", "available", "5", "ended", "orphaned"]
    assert [call.path for call in server.calls] == ["/api/v1/admin/shares?finding=orphaned"]
