"""Whatever changes something for somebody is in the trail: each address of the API and each page that does is asked for
it, as whoever may."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import issue_for_log_in
from portal.clusters.models import Node
from portal.trail.models import Entry
from tests.db.test_courses import provisioner as may_make_projects
from tests.db.test_members import NONE, group
from tests.db.test_profiles import SMALL
from tests.db.test_rights import SERVICE, Address, bodies, campus_life, path_of, table, undone

__all__ = ["campus_life", "group", "may_make_projects"]

# They answer a question: nothing is another afterwards.
ONLY_TELL = {"introspect", "price", "lease-check-create", "lease-check-update"}
CHANGES_NOTHING_HERE = {"DELETE api:course-maker"}  # she is none
PEOPLE = ("alice", "bob", "dora", SERVICE)
SIZE = {"framework": "spark", "workers": "2", "flavor": "small", "hours": "3"}
NO_LIMITS = {f"{whose}-{name}": "" for whose in ("course", "each") for name in ("clusters", "nodes")}


def sent() -> dict[str, dict[str, Any]]:
    """What is said to each, beside what the table of rights says, so that it is done."""
    later = (timezone.now() + timedelta(hours=5)).isoformat()
    return {
        "api:resize": {"workers": 3},
        "api:course": {"title": "Another title"},
        "api:course-member": {"role": "assistant"},
        "api:course-members": {"username": "eve", "role": "student"},
        "api:course-profile": {"name": "Another name"},
        "api:course-profiles": {**SMALL, "name": "Another one"},
        "api:course-archive": {"confirm": "demo"},
        "api:course-roster": {"csv": "username,role\neve,student\n", "apply": True},
        "api:course-group": {"group": "class-a", "apply": True},
        "api:course-limits": {"course": {**NONE, "nodes": 50}, "each_student": NONE},
        "api:student-limits": {"nodes": 5},
        "api:courses": {"name": "new", "title": "New", "project": ""},
        "api:end-all": {"confirm": "demo"},
        "api:extend-all": {"hours": 1},
        "api:class-starts": {"name": "lab", "workers": 2, "flavor": "small", "hours": 1, "ready_at": later},
        "api:me": {"wants_letters": False},
        "api:tokens": {"name": "a program", "scopes": ["read"]},
        "api:service-accounts": {"name": "another-system", "scopes": ["read"]},
        "me": {"email": "somebody@example.org", "wants_letters": "on"},
        "create": {"name": "another"},
        "resize": {"workers": "3"},
        "appoint": {"username": "bob"},
        "change-course": {"title": "Another title"},
        "archive-course": {"confirm": "demo", "keep_folders_days": "30"},
        "add-member": {"username": "eve", "role": "student"},
        "import-roster": {"csv": "username,role\neve,student\n", "apply": "1"},
        "import-group": {"group": "class-a", "role": "student", "apply": "1"},
        "member": {"role": "assistant"},
        "change-limits": NO_LIMITS | {"course-nodes": "50"},
        "except-student": {"username": "ann", "name": "nodes", "value": "5"},
        "make-profile": {**SIZE, "name": "Another one"},
        "profile": {**SIZE, "name": "Another name"},
        "grow-folder": {"size_gb": "9"},
        "class-start": {**SIZE, "name": "lab", "at_once": "5", "ready_at": later[:16]},
        "class-extend": {"hours": "1"},
        "class-end": {"confirm": "demo"},
        "give-credits": {"amount": "1", "out_of": "new"},
        "correct-charges": {"person": "alice", "amount": "1", "memo": "charged twice"},
        "add-rate": {"kind": "gpu", "name": "", "price": "1", "valid_from": "2099-01-01T00:00"},
        "reprocess": {"start": "2026-01-01T00:00", "end": "2026-01-02T00:00", "memo": "wrong"},
        "give-budget": {"person": "bob", "amount": "1"},
        "make-token": {"name": "a program", "scopes": ["read"], "days": "3"},
        "make-service-account": {"name": "another-system", "scopes": ["read"]},
        "make-service-token": {"name": "a program", "scopes": ["read"], "days": "3"},
    }


@pytest.fixture
def life(campus_life: dict[str, Any], may_make_projects: None, group: None) -> dict[str, Any]:
    """With a worker in trouble, and a cloud in which projects may be made."""
    Node.objects.filter(cluster=campus_life["cluster_id"], name="worker-01").update(trouble="lost")
    return campus_life


def send(client: Client, address: Address, life: dict[str, Any]) -> int:
    path = path_of(address, life)
    body = {**bodies(life).get(address.name, {}), **sent().get(address.name, {})}
    if address.name in ("submit", "api:cluster-jobs"):
        return client.post(path, {"application": SimpleUploadedFile("job.py", b"pass")}).status_code
    if address.name.startswith("api:"):
        return client.generic(address.method, path, json.dumps(body), "application/json").status_code
    return client.post(path, body).status_code


def faults(entries: list[Entry], name: str, way: str) -> list[str]:
    """What is wrong with what was written down of somebody's deed."""
    found = [] if entries else ["nothing is written"]
    for entry in entries:
        if (entry.actor, entry.way) != (name, way):
            found.append(f"{entry.action} by {entry.actor!r}, {entry.way}")
        if not entry.before and not entry.after:
            found.append(f"{entry.action} says nothing of what changed")
    return found


def walk(of_api: bool, life: dict[str, Any], client_of: Callable[[User], Client]) -> tuple[set[str], dict[str, Any]]:
    """Whose change nobody could make, and what is wrong with the entries of the others."""
    changing = [
        address
        for address in table()
        if address.method != "GET"
        and address.name.startswith("api:") == of_api
        and address.name.removeprefix("api:") not in ONLY_TELL
    ]
    done, wrong = set(), {}
    for name in PEOPLE:
        person = User.objects.get(username=name)
        client = client_of(person)
        own = {**life, "token_id": ApiToken.objects.filter(user=person).latest("created_at").pk}
        for address in changing:
            with undone():
                last = Entry.objects.latest("id").pk
                if send(client, address, own) < 400:
                    done.add(str(address))
                    entries = list(Entry.objects.filter(pk__gt=last))
                    if found := faults(entries, name, "token" if of_api else "page"):
                        wrong[f"{address} as {name}"] = found
    return {str(address) for address in changing} - done, wrong


def test_each_change_by_the_api_is_written_down_as_whose_it_is(
    life: dict[str, Any], api: Callable[[User], Client]
) -> None:
    not_done, wrong = walk(True, life, api)
    assert not_done == set()
    assert {address.partition(" as ")[0] for address in wrong} == CHANGES_NOTHING_HERE, wrong


def test_each_change_by_a_page_is_written_down_as_whose_it_is(
    life: dict[str, Any], browser: Callable[[User], Client]
) -> None:
    def come(person: User) -> Client:
        issue_for_log_in(person)  # one that the page of tokens may revoke
        return browser(person)

    not_done, wrong = walk(False, life, come)
    assert not_done == set()
    assert wrong == {}
