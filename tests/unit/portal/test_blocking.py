"""What a stack waits for."""

from __future__ import annotations

from datetime import UTC, datetime

from portal.audit.blocking import blocker, in_state_since, servers
from portal.cloud.stack_details import Event, Resource
from portal.cloud.stacks import Stack


def at(minute: int) -> datetime:
    return datetime(2026, 11, 21, 12, minute, tzinfo=UTC)


def resource(name: str, status: str, minute: int | None, kind: str = "OS::Nova::Server") -> Resource:
    return Resource(name, kind, status, "", at(minute) if minute is not None else None, ())


def test_what_failed_first_blocks_whatever_is_under_way() -> None:
    found = [
        resource("a", "CREATE_COMPLETE", 0), resource("b", "CREATE_IN_PROGRESS", 1), resource("c", "CREATE_FAILED", 5),
        resource("d", "CREATE_FAILED", 3),
    ]  # fmt: skip
    assert blocker(found) == found[3]


def test_else_what_is_longest_under_way_blocks() -> None:
    found = [resource("a", "CREATE_IN_PROGRESS", 2), resource("b", "DELETE_IN_PROGRESS", 1)]
    assert blocker(found) == found[1]


def test_nothing_blocks_a_stack_that_is_complete() -> None:
    assert blocker([resource("a", "CREATE_COMPLETE", 0)]) is None
    assert blocker([]) is None


def test_its_state_began_when_its_own_events_say_so_and_else_when_its_action_did() -> None:
    stack = Stack("s1", "slipway-1", "CREATE", "COMPLETE", "", since=at(0))
    events = [
        Event(at(9), "slipway-1", "CREATE_COMPLETE", ""), Event(at(8), "worker-01", "CREATE_COMPLETE", ""),
        Event(at(1), "slipway-1", "CREATE_IN_PROGRESS", ""),
    ]  # fmt: skip
    assert in_state_since(stack, events) == at(9)
    assert in_state_since(stack, events[1:]) == at(0)


def test_machines_are_counted_and_nothing_else() -> None:
    found = [
        resource("a", "CREATE_COMPLETE", 0), resource("b", "CREATE_FAILED", 0), resource("c", "DELETE_COMPLETE", 0),
        resource("d", "CREATE_COMPLETE", 0, "OS::Neutron::Port"),
    ]  # fmt: skip
    assert servers(found) == 2
