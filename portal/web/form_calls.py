"""What forms do, as programs and shells do it: an example for each form that makes something. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class FormCall(NamedTuple):
    """`{course}` and `{name}` are the course's id and name; the rest of it is there to be replaced."""

    method: str
    path: str
    body: Mapping[str, Any] | None
    command: str


SIZE = {"workers": 2, "flavor": "small", "hours": 2}
CALLS = {
    "make-course": FormCall(
        "POST", "courses", {"name": "ds-26", "title": "Data science"}, 'course create ds-26 "Data science"'
    ),
    "appoint": FormCall("PUT", "courses/makers/ann", None, "admin appoint ann"),
    "add-member": FormCall(
        "POST", "courses/{course}/members", {"username": "ann", "role": "student"}, "course add {name} ann"
    ),
    "import-roster": FormCall(
        "POST",
        "courses/{course}/roster",
        {"csv": "username,role,credits\nann,student,20\n", "apply": False},
        "course roster {name} class.csv",
    ),
    "import-group": FormCall(
        "POST",
        "courses/{course}/group",
        {"group": "class of 26", "role": "student", "apply": False},
        'course group {name} "class of 26"',
    ),
    "except-student": FormCall(
        "PUT", "courses/{course}/limits/ann", {"nodes": 8}, "course set-limit {name} nodes 8 --student ann"
    ),
    "make-profile": FormCall(
        "POST",
        "courses/{course}/profiles",
        {"name": "lecture", "spec": SIZE, "may_change": ["hours"]},
        "profile create {name} lecture --spec lecture.json --may-change hours",
    ),
    "class-start": FormCall(
        "POST",
        "courses/{course}/class-starts",
        {"name": "lecture", **SIZE, "ready_at": "2026-11-23T09:00:00Z", "preview": True},
        "class start {name} --workers 2 --flavor small --hours 2 --ready-at 2026-11-23T09:00Z --preview",
    ),
    "class-extend": FormCall(
        "POST", "courses/{course}/extend-all", {"hours": 1, "preview": True}, "class extend-all {name} 1 --preview"
    ),
    "class-end": FormCall("POST", "courses/{course}/end-all", {"preview": True}, "class end-all {name} --preview"),
    "give-credits": FormCall(
        "POST", "courses/{course}/credits", {"amount": "100", "memo": "why"}, "billing give {name} 100 --memo why"
    ),
    "correct-charges": FormCall(
        "POST",
        "courses/{course}/corrections",
        {"person": "ann", "amount": "2.5", "memo": "why"},
        "billing correct {name} ann 2.5 --memo why",
    ),
    "give-budget": FormCall(
        "POST",
        "billing/budgets",
        {"person": "ann", "amount": "100", "memo": "why"},
        "billing give-budget ann 100 --memo why",
    ),
    "add-rate": FormCall(
        "POST",
        "billing/rates",
        {"kind": "node", "name": "small", "price": "0.5", "valid_from": "2027-01-01T00:00:00Z"},
        "billing set-price node small 0.5 --from 2027-01-01T00:00Z",
    ),
    "make-token": FormCall(
        "POST",
        "auth/tokens",
        {"name": "nightly", "scopes": ["read", "clusters"], "days": 30},
        "token create nightly --scope read --scope clusters --days 30",
    ),
    "make-service-account": FormCall(
        "POST",
        "auth/service-accounts",
        {"name": "hub", "scopes": ["billing"]},
        "admin create-service hub --scope billing",
    ),
    "make-service-token": FormCall(
        "POST",
        "auth/tokens",
        {"name": "nightly", "scopes": ["billing"], "days": 30, "service_account": "hub"},
        "token create nightly --scope billing --days 30 --service-account hub",
    ),
    "make-folder": FormCall(
        "POST",
        "folders",
        {"course": "{course}", "name": "flights", "size_gb": 2},
        "folder create --course {course} flights 2",
    ),
}
