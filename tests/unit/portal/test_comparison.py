"""Cloud, portal and ledger side by side: one table of cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from portal.audit.comparison import Belief, Charge, Finding, compare
from portal.cloud.stacks import Stack

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ID = UUID(int=1)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


BELIEF = Belief(
    id=ID, name="flights", owner="alice", status="ready", stack_name="slipway-1", stack_id="s1", generation=1, nodes=3,
    refused=False, created_at=ago(hours=5), ready_at=ago(hours=4), ended_at=None,
)  # fmt: skip
STACK = Stack("s1", "slipway-1", "CREATE", "COMPLETE", "", generation=1, nodes=3, since=ago(hours=5))
CHARGE = Charge(running=3, charged_to=ago(minutes=30))
ENDED = {"status": "deleted", "ended_at": ago(hours=1)}
OVER = Charge(0, ago(hours=1))


def findings(belief: Belief | None, stack: Stack | None, charge: Charge | None) -> dict[Finding, str]:
    rows = compare([stack] if stack else [], [belief] if belief else [], {ID: charge} if charge else {}, NOW)
    assert len(rows) <= 1
    return dict(rows[0].findings) if rows else {}


CASES: list[tuple[str, dict[str, Any] | None, dict[str, Any] | None, Charge | None, set[Finding]]] = [
    # what, changes of the belief, changes of the stack (None: there is none), the charge, what is found
    ("all agree", {}, {}, CHARGE, set()),
    ("Heat has lost it", {}, None, None, {Finding.MISSING}),
    ("Heat has lost it, and it costs", {}, None, CHARGE, {Finding.MISSING, Finding.CHARGED_BUT_GONE}),
    ("not asked for yet", {"status": "creating", "stack_id": None, "ready_at": None}, None, None, set()),
    ("lost while it was made", {"status": "creating", "ready_at": None}, None, None, {Finding.MISSING}),
    ("gone while it is deleted", {"status": "deleting", "ended_at": ago(minutes=1)}, None, CHARGE, set()),
    ("lost and known to be", {"status": "failed", "ended_at": ago(hours=1)}, None, OVER, set()),
    ("made", {"status": "creating", "ready_at": None, "created_at": ago(minutes=2)}, {"status": "IN_PROGRESS"}, None,
     set()),
    ("just made", {"status": "creating", "ready_at": None, "created_at": ago(minutes=2)}, {}, None, set()),
    ("made long since", {"status": "creating", "ready_at": None}, {}, None, {Finding.DIFFERING}),
    ("deleted while made", {"status": "creating", "ready_at": None}, {"action": "DELETE", "status": "IN_PROGRESS"},
     None, {Finding.DIFFERING}),
    ("deleted by somebody else", {}, {"action": "DELETE", "status": "IN_PROGRESS"}, CHARGE, {Finding.DIFFERING}),
    ("suspended by somebody else", {}, {"action": "SUSPEND"}, CHARGE, {Finding.DIFFERING}),
    ("updated by somebody else", {}, {"action": "UPDATE", "status": "IN_PROGRESS"}, CHARGE, {Finding.DIFFERING}),
    ("being changed", {"status": "updating", "generation": 2}, {"action": "UPDATE", "status": "IN_PROGRESS"}, CHARGE,
     set()),
    ("changed", {"generation": 2}, {"action": "UPDATE", "generation": 2}, CHARGE, set()),
    ("a change failed", {"refused": True, "generation": 2}, {"action": "UPDATE", "status": "FAILED"}, CHARGE, set()),
    ("failed unsaid", {}, {"action": "UPDATE", "status": "FAILED"}, CHARGE, {Finding.DIFFERING}),
    ("another number of nodes", {}, {"nodes": 4}, CHARGE, {Finding.DIFFERING}),
    ("a number that Heat does not say", {}, {"nodes": None}, CHARGE, set()),
    ("an earlier generation", {"generation": 2}, {}, CHARGE, {Finding.DIFFERING}),
    ("a change was refused", {"generation": 2, "refused": True}, {}, CHARGE, set()),
    ("being deleted", {"status": "deleting", "ended_at": ago(minutes=20)},
     {"action": "DELETE", "status": "IN_PROGRESS"}, OVER, set()),
    ("about to be deleted", {"status": "deleting", "ended_at": ago(minutes=1)}, {}, Charge(0, ago(minutes=1)),
     set()),
    ("never asked to be deleted", {"status": "deleting", "ended_at": ago(minutes=20)}, {}, Charge(0, ago(minutes=20)),
     {Finding.DIFFERING}),
    ("cannot be deleted", {"status": "deleting", "ended_at": ago(minutes=1)}, {"action": "DELETE", "status": "FAILED"},
     OVER, {Finding.DIFFERING}),
    ("deleted and forgotten", ENDED, None, OVER, set()),
    ("deleted and still there", ENDED, {}, OVER, {Finding.ORPHANED}),
    ("deleted and going", ENDED, {"action": "DELETE", "status": "IN_PROGRESS"}, OVER, set()),
    ("deleted and charged on", ENDED, None, Charge(2, ago(minutes=30)), {Finding.CHARGED_BUT_GONE}),
    ("deleted and charged for longer", ENDED, None, Charge(0, ago(minutes=30)), {Finding.CHARGED_BUT_GONE}),
    ("deleted and its meters follow", {**ENDED, "ended_at": ago(minutes=2)}, None, CHARGE, set()),
    ("failed and charged on", {"status": "failed", "ended_at": ago(hours=1)}, {"status": "FAILED"},
     Charge(3, ago(minutes=30)), {Finding.CHARGED_BUT_GONE}),
    ("never charged", {}, {}, None, {Finding.NOT_CHARGED}),
    ("charged no more", {}, {}, Charge(0, ago(minutes=30)), {Finding.NOT_CHARGED}),
    ("charging stands still", {}, {}, Charge(3, ago(hours=3)), {Finding.NOT_CHARGED}),
    ("charging has not begun", {}, {}, Charge(3, None), {Finding.NOT_CHARGED}),
    ("just ready", {"ready_at": ago(minutes=1)}, {}, None, set()),
    ("ready in this hour", {"ready_at": ago(minutes=20)}, {}, Charge(3, None), set()),
    ("one node is not charged", {}, {}, Charge(2, ago(minutes=30)), {Finding.DIFFERING}),
    ("one node is not charged yet", {"status": "updating"}, {"action": "UPDATE", "status": "IN_PROGRESS"},
     Charge(2, ago(minutes=30)), set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("belief", "stack", "charge", "found"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_each_case_of_the_table(
    belief: dict[str, Any], stack: dict[str, Any] | None, charge: Charge | None, found: set[Finding]
) -> None:
    listed = None if stack is None else replace(STACK, **stack)
    said = findings(replace(BELIEF, **belief), listed, charge)
    assert set(said) == found, said
    assert all(words.endswith(".") for words in said.values())


def test_a_stack_of_ours_of_which_nothing_is_known_is_an_orphan_until_it_goes() -> None:
    assert set(findings(None, STACK, None)) == {Finding.ORPHANED}
    assert findings(None, replace(STACK, action="DELETE", status="IN_PROGRESS"), None) == {}


def test_strangers_are_called_so_whatever_their_state() -> None:
    for state in ({}, {"action": "DELETE", "status": "IN_PROGRESS"}, {"status": "FAILED"}):
        assert set(findings(None, replace(STACK, ours=False, **state), None)) == {Finding.STRANGER}


def test_what_is_wrong_with_money_comes_first_and_what_is_well_last() -> None:
    well = replace(BELIEF, id=UUID(int=2), stack_name="b")
    unpaid = replace(BELIEF, id=UUID(int=3), stack_name="c")
    listed = [
        replace(STACK, name="b"),
        replace(STACK, name="c"),
        replace(STACK, name="a", ours=False),
        replace(STACK, name="d"),
    ]
    rows = compare(listed, [well, unpaid], {well.id: CHARGE}, NOW)
    assert [row.stack.name for row in rows if row.stack] == ["c", "d", "a", "b"]


def test_words_name_both_sides() -> None:
    said = findings(BELIEF, replace(STACK, nodes=4, generation=3), CHARGE)[Finding.DIFFERING]
    assert said == ("Heat was last told of 4 nodes, and the portal has 3. Heat has generation 3, and the portal 1.")
    assert findings(replace(BELIEF, **ENDED), None, Charge(2, None))[Finding.CHARGED_BUT_GONE] == (
        "It ended at 2026-11-21 11:30 UTC, and 2 of its nodes are charged on."
    )
