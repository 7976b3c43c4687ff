"""Of each operation of the API one request that succeeds: by whom, and with what. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Request(NamedTuple):
    who: str = "dora"
    body: Any = None
    query: Mapping[str, str] = {}
    path: Mapping[str, str] = {}  # where it is about something else than the others


HOURS = {"hours": 1}
END = "2099-01-01T00:00:00Z"

# They ask the cloud, which is down in these tests: 503 is their right answer, and a fault of every other operation.
ASK_THE_CLOUD = {
    "admin_stacks_retrieve": "shows Heat's stack",
    "auth_tokens_create": "Keystone knows the passwords",
    "courses_create": "Keystone has the projects",
}
# Of these no request can succeed here.
NONE_SUCCEEDS = {
    "admin_stacks_retrieve": ASK_THE_CLOUD["admin_stacks_retrieve"],
    "clusters_jobs_create": "a program has a name that ends with .py, and schemathesis gives files none",
    "courses_create": ASK_THE_CLOUD["courses_create"],
    "courses_group_create": "the credential that may read Keystone's groups is none of these tests': 409",
}


def right_requests(life: dict[str, Any]) -> dict[str, Request]:
    """By their operations, which are about `life` (tests/db/test_rights.py) unless something else is said here."""
    course = str(life["course_id"])
    cluster = {"course": course, "name": "new", "framework": "spark", "workers": 1, "flavor": "small", "hours": 1}
    lease = {"lease": str(life["new_id"]), "course": "demo", "person": "alice", "name": "GPU", "hourly": "1"}
    known = {"lease": str(life["lease"])}
    a_day = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "memo": "wrong"}
    limits = dict.fromkeys(
        ("clusters", "nodes", "vcpus", "memory_gb", "hdfs_gb", "folder_gb", "hours", "credits"), None
    )
    spec = {"workers": 2, "flavor": "small", "hours": 3}
    of_service = "walking-system"
    return {
        "auth_introspect_create": Request(body={"token": "slipway_unknown"}),
        "auth_service_accounts_create": Request(body={"name": "another-system", "scopes": ["read"]}),
        "auth_tokens_create": Request(body={"name": "nightly", "scopes": ["read"]}),
        "auth_tokens_destroy": Request("alice"),
        "billing_budgets_create": Request(body={"person": "bob", "amount": "1"}),
        "billing_check_create_create": Request(of_service, {**lease, "ends_at": life["soon"]}),
        "billing_check_update_create": Request(of_service, {**known, "ends_at": life["soon"]}),
        "billing_create_create": Request(of_service, {**lease, "ends_at": life["soon"]}),
        "billing_on_end_create": Request(of_service, known),
        "billing_rates_create": Request(body={"kind": "gpu", "price": "1", "valid_from": END}),
        "billing_reprocess_create": Request(body=a_day),
        "billing_statements_retrieve": Request(query={"course": course}),
        "billing_update_create": Request(of_service, {**known, "ends_at": life["soon"]}),
        "clusters_create": Request("alice", cluster),
        "clusters_extend_create": Request("alice", HOURS),
        "clusters_price_create": Request("alice", cluster),
        "clusters_repair_create": Request("alice", {"nodes": ["worker-01"]}),
        "clusters_resize_create": Request("alice", {"workers": 3}),
        "courses_archive_create": Request(body={"confirm": "demo"}),
        "courses_class_starts_create": Request(
            "bob", {"name": "lecture", "framework": "spark", **spec, "ready_at": life["soon"]}
        ),
        "courses_corrections_create": Request(body={"person": "alice", "amount": "1", "memo": "charged twice"}),
        "courses_create": Request(body={"name": "new", "title": "New", "project": "p9"}),
        "courses_credits_create": Request(body={"amount": "1", "out_of": "new"}),
        "courses_end_all_create": Request("bob", {"confirm": "demo"}),
        "courses_exception_update": Request("bob", {"nodes": 3}),
        "courses_extend_all_create": Request("bob", HOURS),
        "courses_group_create": Request("bob", {"group": "class of 2026"}),
        "courses_limits_update": Request("bob", {"course": limits, "each_student": limits}),
        "courses_makers_destroy": Request(path={"username": "bob"}),
        "courses_makers_update": Request(path={"username": "bob"}),
        "courses_members_create": Request("bob", {"username": "eve"}),
        "courses_members_partial_update": Request("bob", {"role": "assistant"}),
        "courses_partial_update": Request("bob", {"title": "Another title"}),
        "courses_profiles_create": Request("bob", {"name": "Another", "spec": spec, "may_change": ["hours"]}),
        "courses_profiles_partial_update": Request("bob", {"name": "Another name"}),
        "courses_roster_create": Request("bob", {"csv": "username,role\neve,student\n", "apply": True}),
        "folders_create": Request("alice", {"course": course, "name": "new", "size_gb": 1, "share_type": "nfs"}),
        "folders_grow_create": Request("bob", {"size_gb": 9}),
        "jobs_cancel_create": Request("alice"),
    }
