"""Texts that mean something to HTML, to templates, to a shell, wherever people, machines and the cloud may write some:
on no page are they anything but text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from portal.classes.models import ClassAction, Part
from portal.cloud.models import Flavor, Image, ShareType
from portal.clusters.models import Cluster, ClusterEvent, Node
from portal.courses.models import Course, Profile
from portal.folders.models import Folder
from portal.jobs import storage
from portal.jobs.models import Job, JobOutput
from tests.db.test_rights import Address, bodies, campus_life, path_of, table, undone

__all__ = ["campus_life"]

# 1337 would be what an engine of templates makes of it.
HOSTILE = "\"'><hostile onload=x>{{7*191}}{%now 'Y'%}${7*191}#{7*191}<%=7*191%></script>&#60;hostile$(id)`id`;--"
MADE = ("<hostile", "1337")
# Where people, machines and the cloud write what pages show.
WRITTEN: dict[Any, tuple[str, ...]] = {
    ApiToken: ("name",),
    Course: ("title", "waiting_for"),
    Profile: ("name", "text"),
    Cluster: ("name", "waiting_for"),
    Node: ("trouble", "kept_by"),
    ClusterEvent: ("message", "log"),
    Folder: ("name", "waiting_for"),
    Job: ("application", "reason"),
    JobOutput: ("path",),
    ClassAction: ("profile",),
    Part: ("reason",),
    Flavor: ("name",),
    Image: ("name",),
    ShareType: ("title",),
}
FAILURE = dict.fromkeys(("what", "why", "next"), HOSTILE)
PEOPLE = ("alice", "ann", "ed", "bob", "dora")


@pytest.fixture
def life(campus_life: dict[str, Any], course: Course, alice: User) -> dict[str, Any]:
    cluster, action = campus_life["cluster_id"], campus_life["action_id"]
    Part.objects.create(action_id=action, user=alice, state="refused")
    tokens.issue_for_log_in(alice)
    for state in ("done", "failed"):
        ClusterEvent.objects.create(
            cluster_id=cluster, generation=1, node="master", step="hosts", state=state, seconds=1
        )
    for model, names in WRITTEN.items():
        assert model.objects.exists(), model
        for number, row in enumerate(model.objects.all()):  # some are to be different
            texts = {name: f"{number}{HOSTILE}"[: model._meta.get_field(name).max_length] for name in names}
            model.objects.filter(pk=row.pk).update(**texts)
    Job.objects.update(arguments=[HOSTILE], files=[HOSTILE])
    Cluster.objects.update(failure=FAILURE, change_failure=FAILURE)
    Folder.objects.update(failure=FAILURE, exports=[HOSTILE])
    storage.append_log(campus_life["job_id"], HOSTILE.encode(), len(HOSTILE))
    return campus_life


def assert_only_text(answer: Any, where: object) -> None:
    if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming:
        text = answer.content.decode()
        assert [made for made in MADE if made in text] == [], where


def pages() -> list[Address]:
    return [address for address in table() if not address.name.startswith("api:")]


@pytest.mark.parametrize("name", PEOPLE)
def test_no_page_takes_what_was_written_for_its_own(
    name: str, life: dict[str, Any], browser: Callable[[User], Client]
) -> None:
    client = browser(User.objects.get(username=name))
    shown = 0
    for address in pages():
        if address.method == "GET":
            answer = client.get(path_of(address, life))
            assert answer.status_code < 500 or answer.status_code == 503, address
            assert_only_text(answer, address)
            shown += not answer.streaming and b"&lt;hostile" in answer.content
    assert shown >= 4  # the texts are there


@pytest.mark.parametrize("status", ["creating", "ready", "updating", "failed", "deleting"])
def test_no_page_of_a_cluster_does_so_in_any_of_its_states(
    status: str, life: dict[str, Any], browser: Callable[[User], Client], alice: User
) -> None:
    Cluster.objects.update(status=status)
    for path in ("/", f"/clusters/{life['cluster_id']}"):
        answer = browser(alice).get(path)
        assert answer.status_code == 200
        assert b"&lt;hostile" in answer.content
        assert_only_text(answer, path)


@pytest.mark.parametrize("name", ["alice", "bob", "dora"])
def test_no_form_takes_what_was_sent_for_its_own(
    name: str, campus_life: dict[str, Any], browser: Callable[[User], Client]
) -> None:
    """What is wrong is shown again, and told what is wrong with it."""
    person = User.objects.get(username=name)
    client = browser(person)
    campus_life["token_id"] = tokens.issue_for_log_in(person).token.pk
    for address in pages():
        if address.method == "POST":
            fields = {
                *bodies(campus_life).get(address.name, {}),
                "name",
                "title",
                "text",
                "csv",
                "username",
                "arguments",
            }
            with undone():
                answer = client.post(path_of(address, campus_life), {**dict.fromkeys(fields, HOSTILE), "next": HOSTILE})
                assert answer.status_code < 500 or answer.status_code == 503, address
                assert_only_text(answer, address)
                assert "hostile" not in answer.headers.get("Location", ""), address


@pytest.mark.parametrize("name", ["alice", "bob", "dora", "charlie"])
def test_a_hostile_query_is_only_text(
    name: str, campus_life: dict[str, Any], browser: Callable[[User], Client]
) -> None:
    client = browser(User.objects.get(username=name))
    words = (
        "name",
        "owner",
        "person",
        "month",
        "course",
        "cursor",
        "next",
        "status",
        "q",
        "action",
        "format",
        "profile",
    )
    for address in pages():
        if address.method == "GET":
            answer = client.get(path_of(address, campus_life), dict.fromkeys(words, HOSTILE))
            assert answer.status_code < 500 or answer.status_code == 503, address
            assert_only_text(answer, address)


@pytest.mark.parametrize(
    "text", ["\ud800", "\0", "a\nb", "x" * 200_000, HOSTILE, "../../etc", "%00", "\u202e"], ids=ascii
)
def test_no_text_in_a_body_breaks_the_api(
    text: str, campus_life: dict[str, Any], api: Callable[[User], Client], bob: User, dora: User
) -> None:
    for person in (bob, dora):
        client = api(person)
        for address in table():
            if (
                address.name.startswith("api:")
                and address.method in ("POST", "PUT", "PATCH")
                and address.name != "api:token"
            ):
                body = dict.fromkeys(bodies(campus_life).get(address.name, {"name": ""}), text)
                with undone():
                    answer = client.generic(
                        address.method, path_of(address, campus_life), json.dumps(body), "application/json"
                    )
                    assert answer.status_code < 500 or answer.status_code == 503, (address, answer.content[:500])
