"""Things as the API shows them."""

from __future__ import annotations

from typing import Any

CLUSTER_ID, OTHER_ID = "6f1c2a34-0000-4000-8000-000000000001", "6f1c2a34-0000-4000-8000-000000000002"
JOB_ID, FOLDER_ID = "6f1c2a34-0000-4000-8000-000000000003", "6f1c2a34-0000-4000-8000-000000000004"
COURSE = {
    "id": "6f1c2a34-0000-4000-8000-000000000005", "name": "demo", "title": "Demo", "project": "p-1", "waiting_for": "",
    "starts_on": None, "ends_on": None, "profiles_only": False, "archived_at": None, "folders_until": None,
    "idle_minutes": None, "idle_off_until": None,
}  # fmt: skip
COST = {"cost": "21.600000", "hourly": "10.800000"}
FAILURE = {"what": "Worker 1 failed.", "why": "Its disk is full.", "next": "Take a larger flavor."}


def cluster(status: str = "ready", **more: Any) -> dict[str, Any]:
    return {
        "id": CLUSTER_ID, "name": "flights", "course": COURSE["id"], "owner": "alice", "framework": "spark",
        "workers": 2, "flavor": "small", "status": status, "target": "ready",
        "progress": {"done": 7, "total": 25, "phase": "Starting HDFS"}, "waiting_for": "", "failure": None,
        "change_failure": None, "health": None, "idle": None, "nodes": [], "folders": [],
        "key_pair": None, "floating_ip": None,
        "created_at": "2026-11-21T18:00:00Z", "ready_at": None, "expires_at": "2026-11-21T22:00:00Z",
        "ended_at": None, **more,
    }  # fmt: skip


def job(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {
        "id": JOB_ID, "cluster": CLUSTER_ID, "owner": "alice", "application": "flights.py", "arguments": [],
        "files": [], "status": status, "exit_code": 0 if status == "succeeded" else None, "reason": "",
        "created_at": "2026-11-21T18:00:00Z", "started_at": None, "ended_at": None, **more,
    }  # fmt: skip


def folder(status: str = "available", **more: Any) -> dict[str, Any]:
    return {
        "id": FOLDER_ID, "name": "data", "course": COURSE["id"], "maker": "alice", "share_type": "nfs",
        "protocol": "NFS", "access_for_students": "rw", "size_gb": 2, "wanted_gb": 2, "status": status,
        "target": "available", "exports": [], "waiting_for": "", "failure": None, "created_at": "2026-11-21T18:00:00Z",
        "ended_at": None, "monthly": "0.000000", "used_by": [], "used_by_others": 0, **more,
    }  # fmt: skip


def page(*rows: Any) -> dict[str, Any]:
    return {"results": list(rows), "next": None}
