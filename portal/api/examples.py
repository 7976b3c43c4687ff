"""One example of what is sent and answered, of the operations that programs begin with. Data; a test holds it true."""

from __future__ import annotations

from typing import Any, NamedTuple


class Example(NamedTuple):
    sent: Any
    status: str
    answer: Any


COURSE, CLUSTER = "1f3c9a52-6f0e-4a53-9d0b-0d5b6c1f2a10", "7c0a4f0e-3b1d-4a55-8f7e-2b9f6c3d1e20"
JOB, ACTION = "b2d1c7de-5a41-4b7f-9a0e-6f4c2d8e9b30", "e4a7b9c0-1d2f-4c3b-8a6d-5e9f0b1c2d40"
LEASE = "c5e8f1a2-7b3d-4e6f-9c0a-8d1b2e3f4a50"
LECTURE = "2026-11-23T09:00:00Z"
CLUSTER_WISH = {"course": COURSE, "name": "flights", "workers": 2, "flavor": "small", "hours": 4, "framework": "spark"}
CLUSTER_SHOWN = {
    "id": CLUSTER, "name": "flights", "course": COURSE, "owner": "ann", "framework": "spark", "workers": 2,
    "flavor": "small", "status": "creating", "target": "ready",
    "progress": {"done": 0, "total": 25, "phase": "Asking the cloud"}, "waiting_for": "", "failure": None,
    "change_failure": None, "health": None, "idle": None, "nodes": [], "folders": [],
    "key_pair": None, "floating_ip": None,
    "created_at": "2026-11-23T08:00:00Z", "ready_at": None, "expires_at": "2026-11-23T12:00:00Z", "ended_at": None,
}  # fmt: skip
LIMITS = {
    "clusters": 50, "nodes": 200, "vcpus": None, "memory_gb": None, "hdfs_gb": None, "folder_gb": 500, "hours": 12,
    "credits": None,
}  # fmt: skip
EACH = {**LIMITS, "clusters": 1, "nodes": 4, "folder_gb": 10, "credits": "20.000000"}
START: dict[str, Any] = {
    "id": ACTION, "course": COURSE, "kind": "start", "actor": "bob", "made_at": "2026-11-21T18:00:00Z",
    "begins_at": "2026-11-23T08:20:00Z", "began_at": None, "ended_at": None, "hours": 2, "profile": "",
    "ready_at": LECTURE, "at_once": 10, "for_all": True,
    "parts": {"waiting": 0, "done": 0, "refused": 0, "cancelled": 0}, "rows": [],
}  # fmt: skip
LEASE_WISH = {
    "lease": LEASE, "course": "ds-26", "person": "ann", "name": "notebook of ann", "ends_at": "2026-11-23T12:00:00Z",
    "hourly": "0.500000",
}  # fmt: skip
LEASE_SHOWN = {**LEASE_WISH, "fixed": None, "starts_at": "2026-11-23T08:00:00Z", "ended_at": None}
EXAMPLES = {
    "clusters_create": Example(CLUSTER_WISH, "202", CLUSTER_SHOWN),
    "clusters_price_create": Example(
        CLUSTER_WISH, "200",
        {
            "hourly": "3.000000", "until_end": "12.000000", "remaining": "9.500000", "fits": False,
            "excesses": [{"limit": "credits", "detail": "12 credits are asked for, and 9.5 are left."}],
            "advice": "Ask for fewer hours.",
        },
    ),
    "clusters_jobs_create": Example(
        None, "202",
        {
            "id": JOB, "cluster": CLUSTER, "owner": "ann", "application": "flights.py", "arguments": ["--year", "2013"],
            "files": ["flights.csv"], "status": "queued", "exit_code": None, "reason": "",
            "created_at": "2026-11-23T08:05:00Z", "started_at": None, "ended_at": None,
        },
    ),
    "courses_roster_create": Example(
        {"csv": "username,role,credits\nann,student,20\nbea,assistant,\n", "apply": False}, "200",
        {
            "applied": False,
            "added": [
                {"username": "ann", "role": "student", "credits": "20.000000"},
                {"username": "bea", "role": "assistant", "credits": None},
            ],
            "changed": [], "unchanged": 0, "removed": [], "clusters_of_removed": [],
        },
    ),
    "courses_limits_update": Example(
        {"course": LIMITS, "each_student": EACH}, "200",
        {
            "course": LIMITS, "each_student": EACH,
            "exceptions": [{"username": "ann", "limits": {"nodes": 8}}], "over": [],
        },
    ),
    "courses_class_starts_create": Example(
        {"name": "lecture", "workers": 2, "flavor": "small", "hours": 2, "ready_at": LECTURE}, "202", START
    ),
    "courses_end_all_create": Example(
        {"preview": True}, "200",
        {
            "begins_at": None, "would": 1, "refused": 0,
            "outcomes": [{"username": "ann", "cluster": CLUSTER, "ends_at": None, "reason": ""}],
        },
    ),
    "courses_credits_create": Example(
        {"amount": "600", "memo": "exercises 1 to 6", "out_of": "budget"}, "201",
        {"granted": "600.000000", "spent": "0.000000", "held": "0.000000", "remaining": "600.000000"},
    ),
    "billing_check_create_create": Example(LEASE_WISH, "200", {"amount": "2.000000", "remaining": "600.000000"}),
    "billing_create_create": Example(LEASE_WISH, "201", LEASE_SHOWN),
    "billing_update_create": Example(
        {"lease": LEASE, "ends_at": "2026-11-23T14:00:00Z"}, "200", {**LEASE_SHOWN, "ends_at": "2026-11-23T14:00:00Z"}
    ),
    "billing_on_end_create": Example({"lease": LEASE}, "200", {**LEASE_SHOWN, "ended_at": "2026-11-23T10:30:00Z"}),
}  # fmt: skip
