"""A cluster's whole life through each trouble of a cloud: a proxy stands between the portal and Keystone, Heat, Manila.

The servers are light ones, which tell Heat "ready" at once: what is tried here is what stands between portal and cloud.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import Client, UnreachableError
from launcher import services
from launcher.testing import Embedded
from tests import proxy as faults
from tests.e2e.faults import light_bundle, supervisor, with_changed_servers
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import assert_nothing_is_left, stacks_of
from tests.proxy import Call, Fault, Proxy, Trouble, always, in_turn, proxy


@pytest.fixture(scope="module")
def before(house: Embedded) -> Iterator[Proxy]:
    """What the portal takes for its cloud."""
    ports = json.loads((house.home / "ports.json").read_text())
    with proxy({name: f"http://127.0.0.1:{ports[name]}" for name in ("keystone", "heat", "manila")}) as made:
        definitions = house.home / "services.json"
        own = definitions.read_text()
        changed = json.loads(own)
        for name in ("web", "worker"):
            changed[name]["environment"]["OS_AUTH_URL"] = f"{made.addresses['keystone']}/v3"
        _restart_portal(house, definitions, json.dumps(changed))
        try:
            yield made
        finally:
            made.set(faults.none)
            _restart_portal(house, definitions, own)


def _restart_portal(house: Embedded, definitions: Path, text: str) -> None:
    for name in ("web", "worker"):
        supervisor(house).stop(name)
    definitions.write_text(text)
    for name in ("web", "worker"):
        supervisor(house).start(name)
    port = json.loads((house.home / "ports.json").read_text())["web"]
    until("the portal to answer", lambda: services.http_answers(port, "/"), 60)


@pytest.fixture(scope="module")
def student(before: Proxy, person: Callable[[str], Client]) -> Client:
    return person("student")


@pytest.fixture(scope="module")
def course(student: Client) -> str:
    return str(student.courses()[0]["id"])


@pytest.fixture(scope="module")
def light() -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """Changes a server's record into that of a light one."""
    with light_bundle() as bundle:
        yield lambda record: record | {"bundle": str(bundle), "flavor": {**record["flavor"], "memory_mb": 1}}


def third_of_heats_tokens(call: Call) -> Trouble | None:
    return faults.TOKEN_ENDED if call.service == "heat" and call.number % 3 == 0 else None


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(always(faults.SLOW), id="every answer takes its time"),
        pytest.param(in_turn(faults.BUSY, faults.BAD_GATEWAY), id="503 with Retry-After, then done but told as 502"),
        pytest.param(in_turn(faults.REFUSED_AT_ONCE, faults.HALF_AN_ANSWER), id="no answer, then half of one"),
        pytest.param(third_of_heats_tokens, id="tokens end in mid-flight"),
    ],
)
def test_a_cluster_comes_and_goes_through_a_clouds_trouble(
    fault: Fault, house: Embedded, before: Proxy, student: Client, course: str, light: Any
) -> None:
    began = time.monotonic()
    before.set(fault)
    made = with_changed_servers(house, 2, light, lambda: student.create_cluster(course, "through", 1, "small", 1))
    ready = student.wait_for_cluster(made["id"], 90)
    assert (ready["status"], ready["waiting_for"]) == ("ready", ""), ready
    assert stacks_of(house) == [f"slipway-{made['id']}"]
    student.delete_cluster(made["id"])
    assert student.wait_for_cluster(made["id"], 90, ends=("deleted",))["status"] == "deleted"
    assert_nothing_is_left(house)
    seconds = time.monotonic() - began
    # A pass a second, some more when people or nodes wake one, and a few requests each.
    assert len(before.calls) < 30 + 6 * seconds, [call.kind for call in before.calls]
    print(f"{seconds:.1f} s, {len(before.calls)} requests")


def test_a_cloud_that_is_ill_for_a_while_is_waited_for_and_asked_with_patience(
    house: Embedded, before: Proxy, student: Client, course: str, light: Any
) -> None:
    before.set(always(faults.BUSY, "heat"))
    began = time.monotonic()

    def create() -> Any:
        made = student.create_cluster(course, "patient", 1, "small", 1)
        until("the page to say so", lambda: "does not answer" in student.cluster(made["id"])["waiting_for"])
        time.sleep(max(0.0, began + 8 - time.monotonic()))  # the illness takes its time
        asked = [call for call in before.calls if call.service == "heat"]
        assert 2 <= len(asked) <= 10, [call.moment - began for call in asked]
        before.set(faults.none)
        return made

    made = with_changed_servers(house, 2, light, create)
    ready = student.wait_for_cluster(made["id"], 60)
    assert (ready["status"], ready["waiting_for"]) == ("ready", "")
    before.set(always(faults.BUSY, "heat"))
    student.delete_cluster(made["id"])
    until("the page to say so", lambda: "does not answer" in student.cluster(made["id"])["waiting_for"])
    before.set(faults.none)
    student.wait_for_cluster(made["id"], 60, ends=("deleted",))
    assert_nothing_is_left(house)


CREATE_SHARE = "manila POST /v2/shares"


def an_old_manila_in_trouble(call: Call) -> Trouble | None:
    """It knows nothing after 2.7, which is Manila of 2015, and loses the answer to the create."""
    if call.service != "manila":
        return None
    if call.path.rstrip("/") in ("", "/v2"):
        return Trouble(rewritten=lambda body: re.sub(rb'("version": )"2\.\d+"', rb'\1"2.7"', body))
    return faults.ANSWER_LOST if call.kind == CREATE_SHARE else None


def test_a_folder_comes_grows_and_goes_at_an_old_manila_that_loses_an_answer(
    before: Proxy, person: Callable[[str], Client], course: str
) -> None:
    before.set(an_old_manila_in_trouble)
    teacher = person("teacher")
    folder = teacher.create_folder(course, "through", 1)["id"]
    ready = teacher.wait_for_folder(folder, 90)
    assert ready["status"] == "available", ready
    teacher.grow_folder(folder, 2)
    until(
        "the growth", lambda: (found := teacher.folder(folder))["status"] == "available" and found["size_gb"] == 2, 60
    )
    teacher.delete_folder(folder)
    assert teacher.wait_for_folder(folder, 60, ends=("deleted",))
    asked = [call for call in before.calls if call.path.startswith("/v2/shares")]
    assert {call.microversion for call in asked} == {"2.7"}
    assert len([call for call in asked if call.kind == CREATE_SHARE]) == 1


def test_a_log_in_at_a_cloud_in_trouble_does_not_blame_the_password(house: Embedded, before: Proxy) -> None:
    before.set(always(faults.BUSY, "keystone"))
    with pytest.raises(UnreachableError, match="does not answer") as caught:
        Client(house.url).log_in("student", house.logins["student"])
    assert "password" not in str(caught.value)
    before.set(faults.none)
