"""What the portal makes of a cloud's troubles: each request is one, bounded, and its failure has one of two names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portal.cloud import identity, sessions, stacks
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from tests import proxy as faults
from tests.proxy import Proxy, Trouble, always, first_of_each_kind, proxy
from tests.recorded_cloud import RecordedCloud, recorded_cloud

ROW = {"id": "s1", "stack_name": "slipway-x", "stack_status": "CREATE_COMPLETE", "stack_status_reason": "", "tags": []}
STACKS = "orchestration /stacks?tags=slipway"
# As Heat says what an update would do; the fields that nobody here reads are left out.
PREVIEW = {
    "unchanged": [{"resource_name": "master-server", "resource_type": "OS::Nova::Server"}],
    "updated": [{"resource_name": "cluster", "resource_type": "OS::Heat::Value"}],
    "replaced": [{"resource_name": "worker-01-ready", "resource_type": "OS::Heat::WaitCondition"}],
    "deleted": [{"resource_name": "worker-02-server", "resource_type": "OS::Nova::Server"}],
}
ANSWERS = {
    STACKS: (200, {"stacks": [ROW]}),
    "orchestration /stacks": (201, {"stack": {"id": "s1", "links": []}}),
    "orchestration /stacks/slipway-x/s1": (202, None),
    "orchestration /stacks/slipway-x/s1/preview": (200, {"resource_changes": PREVIEW}),
}
NOTHING_IN_IT = Trouble(forwarded=False, status=200, headers={"Content-Type": "application/json"}, body=b"{}")


@pytest.fixture
def behind(settings: Any) -> Iterator[tuple[Proxy, RecordedCloud]]:
    """The portal's cloud is a proxy with another one behind it."""
    answers: dict[str, Any] = dict(ANSWERS)
    with recorded_cloud(answers) as cloud, proxy({"cloud": cloud.address}) as before:
        # Heat leads whoever names a stack by its id alone to its whole name.
        answers["orchestration /stacks/s1"] = (
            302, None, {"Location": f"{cloud.url('orchestration')}/stacks/slipway-x/s1"},
        )  # fmt: skip
        settings.CLOUD = settings.CLOUD.__class__(
            f"{before.addresses['cloud']}/v3", "slipway", "secret", {"user_domain_name": "Default"}
        )
        settings.LOGIN_DOMAIN = settings.CLOUD.user_domain
        yield before, cloud


@pytest.fixture
def before(behind: tuple[Proxy, RecordedCloud]) -> Proxy:
    return behind[0]


@pytest.fixture
def project(behind: tuple[Proxy, RecordedCloud]) -> str:
    return behind[1].project


def test_in_good_health_it_answers(before: Proxy, project: str) -> None:
    assert list(stacks.list_stacks(project)) == ["slipway-x"]


def test_a_token_that_ended_in_mid_flight_is_renewed_once(before: Proxy, project: str) -> None:
    stacks.list_stacks(project)

    def ended(call: faults.Call) -> Trouble | None:
        return faults.TOKEN_ENDED if "stacks" in call.path and call.number == 1 else None

    before.set(ended)
    assert list(stacks.list_stacks(project)) == ["slipway-x"]
    assert [call.method for call in before.calls] == ["GET", "POST", "GET"]


def test_a_service_that_refuses_every_token_is_asked_twice_and_no_more(before: Proxy, project: str) -> None:
    stacks.list_stacks(project)
    before.set(lambda call: faults.TOKEN_ENDED if "stacks" in call.path else None)
    with pytest.raises(CloudUnavailable):
        stacks.list_stacks(project)
    assert len([call for call in before.calls if "stacks" in call.path]) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        faults.BUSY, faults.BAD_GATEWAY, faults.LIMITED, faults.REFUSED_AT_ONCE, faults.ANSWER_LOST,
        faults.HALF_AN_ANSWER, faults.ANOTHERS_PAGE,
        NOTHING_IN_IT,
        Trouble(forwarded=False, status=200, headers={"Content-Type": "application/json"}, body=b'{"stacks": null}'),
        Trouble(forwarded=False, status=204),
        Trouble(forwarded=False, status=404, headers={"Content-Type": "text/html"}, body=b"<html>No such page</html>"),
    ],
)  # fmt: skip
def test_every_trouble_of_a_cloud_is_called_unavailable_and_passes(
    trouble: Trouble, before: Proxy, project: str
) -> None:
    """At Keystone, at Heat with a token already had, for reading and for writing."""
    for act in (lambda: stacks.list_stacks(project), lambda: stacks.create(project, "slipway-x", "{}", {}, 45)):
        sessions.for_project.cache_clear()
        stacks.heat_of.cache_clear()
        for fault in (always(trouble), first_of_each_kind(trouble, "cloud")):
            before.set(fault)
            with pytest.raises(CloudUnavailable):
                act()
            assert len(before.calls) <= 4
    before.set(faults.none)
    assert list(stacks.list_stacks(project)) == ["slipway-x"]


@pytest.mark.parametrize("trouble", [faults.BUSY, faults.BAD_GATEWAY, faults.ANSWER_LOST, faults.ANOTHERS_PAGE])
def test_a_log_in_at_a_cloud_in_trouble_says_so_and_does_not_blame_the_password(
    trouble: Trouble, before: Proxy
) -> None:
    before.set(always(trouble))
    with pytest.raises(CloudUnavailable):
        identity.verify("alice", "right")


def test_a_cloud_that_never_answers_is_waited_for_no_longer_than_the_bound(
    before: Proxy, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "TIMEOUT", 0.3)
    before.set(always(Trouble(delay=1.5)))
    began = time.monotonic()
    with pytest.raises(CloudUnavailable):
        stacks.list_stacks(project)
    assert time.monotonic() - began < 1.5


def test_what_the_cloud_refuses_is_refused(before: Proxy, project: str) -> None:
    stacks.list_stacks(project)
    before.set(always(Trouble(forwarded=False, status=403)))
    with pytest.raises(CloudRefused):
        stacks.list_stacks(project)


@pytest.mark.parametrize(
    "trouble",
    [
        faults.BUSY, faults.BAD_GATEWAY, faults.ANSWER_LOST, faults.HALF_AN_ANSWER, faults.ANOTHERS_PAGE,
        NOTHING_IN_IT,
        Trouble(
            forwarded=False, status=200, headers={"Content-Type": "application/json"},
            body=b'{"resource_changes": {"replaced": [{"resource_name": "worker-01"}]}}',
        ),
    ],
)  # fmt: skip
def test_a_preview_that_is_lost_or_half_an_answer_allows_no_update(
    trouble: Trouble, before: Proxy, project: str
) -> None:
    stacks.list_stacks(project)
    where = f"{before.addresses['cloud']}/orchestration/v1/stacks/slipway-x/s1"
    found = Trouble(forwarded=False, status=302, headers={"Location": where})
    for fault in (always(trouble), lambda call: trouble if "preview" in call.path else found):
        before.set(fault)
        with pytest.raises(CloudUnavailable):
            stacks.touched_by_update(project, "s1", "{}", {})
        assert len(before.calls) <= 2


@pytest.mark.parametrize("status", [404, 409])
def test_heat_that_is_busy_or_has_lost_the_stack_takes_no_update(status: int, before: Proxy, project: str) -> None:
    stacks.list_stacks(project)
    before.set(always(Trouble(forwarded=False, status=status)))
    assert stacks.touched_by_update(project, "s1", "{}", {}) is None
    assert stacks.update(project, "s1", "{}", {}, 2, 45) is False


def preview(project: str) -> set[str] | None:
    return stacks.touched_by_update(project, "s1", "{}", {})


def update(project: str) -> None:
    stacks.update(project, "s1", "{}", {}, 2, 45)


def test_in_good_health_a_preview_says_what_would_go_and_an_update_is_asked_for_once(
    behind: tuple[Proxy, RecordedCloud], project: str
) -> None:
    assert preview(project) == {"worker-02-server"}
    update(project)
    assert behind[1].changed == [
        "PUT /orchestration/v1/stacks/slipway-x/s1/preview",
        "PUT /orchestration/v1/stacks/s1",
        "PUT /orchestration/v1/stacks/slipway-x/s1",
    ]


@pytest.mark.parametrize(
    ("act", "trouble"),
    [
        (act, trouble)
        for act in (preview, update)
        for trouble in (
            faults.BUSY, faults.BAD_GATEWAY, faults.LIMITED, faults.TOKEN_ENDED, faults.REFUSED_AT_ONCE,
            faults.ANSWER_LOST,
        )
    ],
)  # fmt: skip
def test_a_preview_or_an_update_in_trouble_is_asked_for_again_by_the_next_pass_alone(
    act: Callable[[str], Any], trouble: Trouble, before: Proxy, project: str
) -> None:
    """It is sent once, or twice where a token was refused; and never taken for an answer that it is not."""
    stacks.list_stacks(project)
    before.set(lambda call: trouble if call.method == "PUT" else None)
    with pytest.raises(CloudUnavailable):
        act(project)
    sent = [call for call in before.calls if call.method == "PUT"]
    assert len(sent) == (2 if trouble is faults.TOKEN_ENDED else 1)
    before.set(faults.none)
    act(project)


@pytest.mark.parametrize("act", [preview, update])
def test_a_token_that_ended_before_a_preview_or_an_update_is_renewed(
    act: Callable[[str], Any], before: Proxy, project: str
) -> None:
    stacks.list_stacks(project)
    seen: list[str] = []

    def ended(call: faults.Call) -> Trouble | None:
        seen.extend([call.path] if call.method == "PUT" else [])
        return faults.TOKEN_ENDED if call.method == "PUT" and len(seen) == 1 else None

    before.set(ended)
    act(project)
    assert seen.count(seen[0]) == 2


def test_a_cloud_that_refuses_an_update_is_not_asked_again(before: Proxy, project: str) -> None:
    before.set(lambda call: Trouble(forwarded=False, status=400) if call.method == "PUT" else None)
    for act in (preview, update):
        with pytest.raises(CloudRefused):
            act(project)
