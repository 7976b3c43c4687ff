"""Whatever changes something for somebody is in the trail: each address of the API that does is asked for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.test import Client

from portal.accounts.models import User
from portal.clusters.models import Node
from portal.trail.models import Entry
from tests.db.test_rights import bodies, campus_life, make_service, path_of, table, undone

__all__ = ["campus_life"]

# They answer a question: nothing is another afterwards.
ONLY_TELL = {"introspect", "price", "lease-check-create", "lease-check-update"}
CHANGES_NOTHING_HERE = {"DELETE api:course-maker"}  # she is none
# They need a cloud, a file or a thing that is not in this course's life; their own tests look into the trail.
SHOWN_ELSEWHERE = {
    "DELETE api:token",
    "POST api:class-starts",
    "POST api:cluster-jobs",
    "POST api:course-group",
    "POST api:course-profiles",
    "POST api:courses",
    "POST api:lease-create",
    "POST api:lease-on-end",
    "POST api:lease-update",
    "PUT api:course-limits",
}
PEOPLE = ("alice", "bob", "dora", "other-system")
MORE = {
    "api:resize": {"workers": 3},
    "api:course": {"title": "Another title"},
    "api:course-member": {"role": "assistant"},
    "api:course-members": {"username": "eve", "role": "student"},
    "api:course-profile": {"name": "Another name"},
    "api:course-archive": {"confirm": "demo"},
    "api:course-roster": {"csv": "username,role\neve,student\n", "apply": True},
    "api:end-all": {"confirm": "demo"},
    "api:extend-all": {"hours": 1},
    "api:me": {"wants_letters": False},
    "api:tokens": {"name": "a program", "scopes": ["read"]},
    "api:service-accounts": {"name": "another-system", "scopes": ["read"]},
}


def test_each_change_that_succeeds_is_written_down(
    campus_life: dict[str, Any], api: Callable[[User], Client], dora: User
) -> None:
    make_service(dora, "other-system", ["read", "billing"])
    changing = [
        address
        for address in table()
        if address.method != "GET"
        and address.name.startswith("api:")
        and address.name.removeprefix("api:") not in ONLY_TELL
    ]
    Node.objects.filter(cluster=campus_life["cluster_id"], name="worker-01").update(trouble="lost")
    done, silent = set(), set()
    for name in PEOPLE:
        client = api(User.objects.get(username=name))
        for address in changing:
            if address.name == "api:token":
                continue  # its id is that of the one who asks
            body = {**bodies(campus_life).get(address.name, {}), **MORE.get(address.name, {})}
            with undone():
                before = Entry.objects.count()
                path = path_of(address, campus_life)
                answer = client.generic(address.method, path, json.dumps(body), "application/json")
                if answer.status_code < 300:
                    (done if Entry.objects.count() > before else silent).add(str(address))
    assert silent - CHANGES_NOTHING_HERE == set()
    assert {str(address) for address in changing} - done - silent == SHOWN_ELSEWHERE
