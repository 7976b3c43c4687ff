"""What compute does about a server."""

from __future__ import annotations

from typing import Any

import pytest

from minicloud.compute import Action, decide

RUNNING, DELETED = {"desired": "running"}, {"desired": "deleted"}


def state(name: str, boot: str = "now") -> dict[str, Any]:
    return {"state": name, "boot": boot}


@pytest.mark.parametrize(
    ("record", "noted", "alive", "expected"),
    [
        (RUNNING, None, False, Action.START),
        (RUNNING, state("BUILD"), False, Action.START),
        (RUNNING, state("ACTIVE"), True, Action.NOTHING),
        (RUNNING, state("ACTIVE"), False, Action.FAIL),
        (RUNNING, state("ACTIVE", boot="before"), False, Action.START),
        (RUNNING, state("STOPPED"), False, Action.START),
        (RUNNING, state("STOPPING"), True, Action.START),
        (RUNNING, state("ERROR"), False, Action.NOTHING),
        (RUNNING, state("DAMAGED"), False, Action.FAIL),
        (DELETED, None, False, Action.REMOVE),
        (DELETED, state("ACTIVE"), True, Action.REMOVE),
        (DELETED, state("ERROR"), False, Action.REMOVE),
    ],
)
def test_it_decides_from_what_should_be_and_what_is(
    record: dict[str, Any], noted: dict[str, Any] | None, alive: bool, expected: Action
) -> None:
    assert decide(record, noted, alive, "now") is expected
