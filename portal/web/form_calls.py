"""What forms do, as programs and shells do it: for each form that makes something. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class FormCall(NamedTuple):
    """`body` names the fields that are sent, `arguments` and `options` those that the command takes; `{...}` in `path`
    is a field too. `fixed` and `flags` are always said. Of the course that the page is about `course` is the id and
    `course_name` the name. `example` stands for what nobody has typed yet.
    """

    method: str
    path: str
    body: tuple[str, ...]
    command: str
    arguments: tuple[str, ...]
    example: Mapping[str, Any]
    options: Mapping[str, str] = {}
    fixed: Mapping[str, Any] = {}
    flags: tuple[str, ...] = ()
    whole: bool = False  # the one field of `body` is all that is sent


SIZE = {"workers": 2, "flavor": "small", "hours": 2}
PREVIEW: dict[str, Any] = {"fixed": {"preview": True}, "flags": ("--preview",)}
CALLS = {
    "make-course": FormCall(
        "POST",
        "courses",
        ("name", "title", "starts_on", "ends_on", "project"),
        "course create",
        ("name", "title"),
        {"name": "ds-26", "title": "Data science"},
        {"starts_on": "--begins", "ends_on": "--ends", "project": "--project"},
    ),
    "appoint": FormCall("PUT", "courses/makers/{username}", (), "admin appoint", ("username",), {"username": "ann"}),
    "add-member": FormCall(
        "POST",
        "courses/{course}/members",
        ("username", "role"),
        "course add",
        ("course_name", "username"),
        {"username": "ann", "role": "student"},
        {"role": "--role"},
    ),
    "import-roster": FormCall(
        "POST",
        "courses/{course}/roster",
        ("csv",),
        "course roster",
        ("course_name", "file"),
        {"csv": "username,role,credits\nann,student,20\n", "file": "class.csv"},
        fixed={"apply": False},
    ),
    "import-group": FormCall(
        "POST",
        "courses/{course}/group",
        ("group", "role"),
        "course group",
        ("course_name", "group"),
        {"group": "class of 26", "role": "student"},
        {"role": "--role"},
        {"apply": False},
    ),
    "except-student": FormCall(
        "PUT",
        "courses/{course}/limits/{username}",
        ("limits",),
        "course set-limit",
        ("course_name", "limit", "value"),
        {"username": "ann", "limits": {"nodes": 8}, "limit": "nodes", "value": 8},
        {"username": "--student"},
        whole=True,
    ),
    "make-profile": FormCall(
        "POST",
        "courses/{course}/profiles",
        ("name", "text", "spec", "may_change"),
        "profile create",
        ("course_name", "name"),
        {"name": "lecture", "spec": SIZE, "may_change": ["hours"]},
        {"text": "--text", "spec": "--spec", "may_change": "--may-change"},
    ),
    "class-start": FormCall(
        "POST",
        "courses/{course}/class-starts",
        ("name", "profile", "workers", "flavor", "hours", "ready_at", "at_once", "students"),
        "class start",
        ("course_name",),
        {"name": "lecture", **SIZE, "ready_at": "2026-11-23T09:00:00Z"},
        {
            "name": "--name",
            "profile": "--profile",
            "workers": "--workers",
            "flavor": "--flavor",
            "hours": "--hours",
            "ready_at": "--ready-at",
            "at_once": "--at-once",
            "students": "--student",
        },
        **PREVIEW,
    ),
    "class-extend": FormCall(
        "POST",
        "courses/{course}/extend-all",
        ("hours",),
        "class extend-all",
        ("course_name", "hours"),
        {"hours": 1},
        **PREVIEW,
    ),
    "class-end": FormCall(
        "POST",
        "courses/{course}/end-all",
        ("confirm",),
        "class end-all",
        ("course_name",),
        {},
        {"confirm": "--confirm"},
        **PREVIEW,
    ),
    "give-credits": FormCall(
        "POST",
        "courses/{course}/credits",
        ("amount", "memo", "out_of"),
        "billing give",
        ("course_name", "amount"),
        {"amount": "100", "memo": "why"},
        {"memo": "--memo", "new": "--new", "budget": "--budget"},
    ),
    "correct-charges": FormCall(
        "POST",
        "courses/{course}/corrections",
        ("person", "amount", "memo"),
        "billing correct",
        ("course_name", "person", "amount"),
        {"person": "ann", "amount": "2.5", "memo": "why"},
        {"memo": "--memo"},
    ),
    "give-budget": FormCall(
        "POST",
        "billing/budgets",
        ("person", "amount", "memo"),
        "billing give-budget",
        ("person", "amount"),
        {"person": "ann", "amount": "100", "memo": "why"},
        {"memo": "--memo"},
    ),
    "add-rate": FormCall(
        "POST",
        "billing/rates",
        ("kind", "name", "price", "valid_from", "correcting", "memo"),
        "billing set-price",
        ("kind", "name", "price"),
        {"kind": "node", "name": "small", "price": "0.5", "valid_from": "2027-01-01T00:00:00Z"},
        {"valid_from": "--from", "correcting": "--correcting", "memo": "--memo"},
    ),
    "make-token": FormCall(
        "POST",
        "auth/tokens",
        ("name", "scopes", "days"),
        "token create",
        ("name",),
        {"name": "nightly", "scopes": ["read", "clusters"], "days": 30},
        {"scopes": "--scope", "days": "--days"},
    ),
    "make-service-account": FormCall(
        "POST",
        "auth/service-accounts",
        ("name", "scopes"),
        "admin create-service",
        ("name",),
        {"name": "hub", "scopes": ["billing"]},
        {"scopes": "--scope"},
    ),
    "make-service-token": FormCall(
        "POST",
        "auth/tokens",
        ("name", "scopes", "days", "service_account"),
        "token create",
        ("name",),
        {"name": "nightly", "scopes": ["billing"], "days": 30, "service_account": "hub"},
        {"scopes": "--scope", "days": "--days", "service_account": "--service-account"},
    ),
    "make-folder": FormCall(
        "POST",
        "folders",
        ("course", "name", "size_gb", "share_type", "access_for_students"),
        "folder create",
        ("name", "size_gb"),
        {"name": "flights", "size_gb": 2},
        {"course": "--course", "share_type": "--kind", "students_only_read": "--students-only-read"},
    ),
}
