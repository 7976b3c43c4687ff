"""What `status` makes of what it finds."""

from __future__ import annotations

import pytest

from launcher.status import describe, overall, service_state
from launcher.supervisor import Status


def found(state: str, pid: int = 7) -> Status:
    return Status("web", state, pid, "")


@pytest.mark.parametrize(
    ("status", "recorded", "answers", "expected"),
    [
        (found("RUNNING"), 7, True, {"state": "running", "pid": 7}),
        (found("STARTING"), 7, True, {"state": "running", "pid": 7}),
        (found("RUNNING"), 7, False, {"state": "silent", "pid": 7}),
        (found("STARTING"), None, False, {"state": "silent", "pid": 7}),
        (found("BACKOFF", 0), None, False, {"state": "failing", "pid": None}),
        (found("FATAL", 0), None, False, {"state": "failed", "pid": None}),
        (found("STOPPED", 0), None, False, {"state": "stopped", "pid": None}),
        (found("EXITED", 0), None, False, {"state": "stopped", "pid": None}),
        (None, 7, False, {"state": "unsupervised", "pid": 7}),
        (None, None, False, {"state": "stopped", "pid": None}),
    ],
)
def test_it_tells_a_service_that_runs_from_one_that_answers(
    status: Status | None, recorded: int | None, answers: bool, expected: dict[str, object]
) -> None:
    assert service_state(status, recorded, answers) == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["running", "running"], "up"),
        (["stopped", "stopped"], "down"),
        (["running", "stopped"], "degraded"),
        (["running", "silent"], "degraded"),
        (["stopped", "failed"], "degraded"),
        (["unsupervised", "unsupervised"], "degraded"),
    ],
)
def test_it_is_up_only_when_everything_answers(states: list[str], expected: str) -> None:
    assert overall({str(number): state for number, state in enumerate(states)}) == expected


@pytest.mark.parametrize(
    ("state", "hint"), [("up", "Logins"), ("down", "./slipway up"), ("degraded", "./slipway logs")]
)
def test_it_tells_people_what_to_do(state: str, hint: str) -> None:
    report = {"state": state, "url": "http://x", "logins_file": "l", "services": {"web": {"state": "s", "pid": None}}}
    assert hint in describe(report)
