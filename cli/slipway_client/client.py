"""A client of the portal's REST API, version 1."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .download import keep
from .errors import UnreachableError
from .transport import Json, Transport, pieces, segment
from .upload import JobForm

CLUSTER_ENDS = ("ready", "failed", "deleted")
FOLDER_ENDS = ("available", "failed", "deleted")
JOB_ENDS = ("succeeded", "failed", "cancelled")
UPLOAD_SECONDS = 600.0
POLL_SECONDS = 1.0

Told = Callable[[Json], None]


class Client:
    """One person's way to a portal. Every call raises ApiError where it is refused."""

    def __init__(self, url: str, token: str = "", patience: float = 0.0) -> None:
        """`url`: the portal's address, such as http://127.0.0.1:8000. `token`: as log_in gives it.

        `patience`: for so many seconds a call that may be repeated without harm goes on trying.
        """
        self._portal = Transport(url, token, patience)

    @property
    def url(self) -> str:
        return self._portal.base

    @property
    def token(self) -> str:
        return self._portal.token

    def log_in(self, username: str, password: str) -> str:
        """Get a token and use it from now on."""
        answer = self._portal.json("POST", "auth/tokens", {"username": username, "password": password})
        self._portal.token = str(answer["token"])
        return self.token

    def courses(self) -> list[Json]:
        return self._portal.pages("courses")

    def clusters(self) -> list[Json]:
        """Those that one may see, newest first."""
        return self._portal.pages("clusters")

    def cluster(self, cluster_id: str) -> Json:
        return self._portal.json("GET", f"clusters/{segment(cluster_id)}")

    def create_cluster(
        self,
        course: str,
        name: str,
        workers: int,
        flavor: str,
        hours: int,
        framework: str = "spark",
        idempotency_key: str = "",
        folders: Sequence[Mapping[str, str]] = (),
        more: Mapping[str, Any] | None = None,
    ) -> Json:
        """Ask for a cluster; `course` is a course's id. With the same key the call may be repeated: it stays one
        cluster. Without one each call has a key of its own.

        `more`: whatever else may be asked for, by the names of docs/cluster-spec.md.
        `folders`: {"folder": ID, "path": "/data/flights", "access": "rw" or "ro"} each; the last two may be left out.
        """
        body = cluster_wish(course, name, workers, flavor, hours, framework, folders, more)
        return self.create(body, idempotency_key)

    def create(self, wish: Json, idempotency_key: str = "") -> Json:
        """Ask for a cluster, as `cluster_wish` says it."""
        return self._portal.json("POST", "clusters", wish, key=idempotency_key or str(uuid.uuid4()))

    def delete_cluster(self, cluster_id: str) -> Json:
        """Ask for its end; the cluster as it is now."""
        return self._portal.json("DELETE", f"clusters/{segment(cluster_id)}")

    def resize_cluster(self, cluster_id: str, workers: int | None = None, remove: Sequence[str] = ()) -> Json:
        """Ask for so many workers, or for the end of those named in `remove`; the cluster as it is now.

        It works on meanwhile. Wait for "ready" (it is "updating" until then), and look at "change_failure".
        """
        body: Json = {"remove": list(remove)} if workers is None else {"workers": workers}
        return self._portal.json("POST", f"clusters/{segment(cluster_id)}/resize", body)

    def repair_cluster(self, cluster_id: str, nodes: Sequence[str] = ()) -> Json:
        """Ask for these workers to be made anew, or for all that are in trouble. Otherwise as resize_cluster."""
        return self._portal.json("POST", f"clusters/{segment(cluster_id)}/repair", {"nodes": list(nodes)})

    def wait_for_cluster(
        self,
        cluster_id: str,
        seconds: float = 900.0,
        progress: Told | None = None,
        ends: Sequence[str] = CLUSTER_ENDS,
    ) -> Json:
        """The cluster once its status is one of `ends`: look which. TimeoutError after so many seconds.

        `progress` is called with the cluster whenever it has changed.
        """
        return _wait(lambda: self.cluster(cluster_id), ends, seconds, progress)

    def folders(self) -> list[Json]:
        """The folders of one's courses."""
        return self._portal.pages("folders")

    def folder(self, folder_id: str) -> Json:
        return self._portal.json("GET", f"folders/{segment(folder_id)}")

    def create_folder(
        self, course: str, name: str, size_gb: int, share_type: str = "", access_for_students: str = "rw"
    ) -> Json:
        """Ask for a folder; `course` is a course's id, `share_type` a kind of storage (the first that is offered)."""
        body: Json = {"course": course, "name": name, "size_gb": size_gb, "share_type": share_type}
        return self._portal.json("POST", "folders", {**body, "access_for_students": access_for_students})

    def grow_folder(self, folder_id: str, size_gb: int) -> Json:
        """Ask for more room; what is in the folder stays."""
        return self._portal.json("POST", f"folders/{segment(folder_id)}/grow", {"size_gb": size_gb})

    def delete_folder(self, folder_id: str) -> Json:
        """Ask for the folder's end, with all that is in it."""
        return self._portal.json("DELETE", f"folders/{segment(folder_id)}")

    def wait_for_folder(
        self,
        folder_id: str,
        seconds: float = 120.0,
        progress: Told | None = None,
        ends: Sequence[str] = FOLDER_ENDS,
    ) -> Json:
        """As wait_for_cluster."""
        return _wait(lambda: self.folder(folder_id), ends, seconds, progress)

    def submit_job(
        self,
        cluster_id: str,
        application: str | os.PathLike[str],
        arguments: Sequence[str] = (),
        files: Sequence[str | os.PathLike[str]] = (),
    ) -> Json:
        """Queue a job; application and files are local paths, read as they are sent.

        ValueError for a file name that would not arrive as it is; OSError for a file that cannot be read.
        """
        form = JobForm(Path(application), arguments, [Path(file) for file in files])
        return self._portal.upload(f"clusters/{segment(cluster_id)}/jobs", form, form.headers, UPLOAD_SECONDS)

    def jobs(self, cluster_id: str) -> list[Json]:
        return self._portal.pages(f"clusters/{segment(cluster_id)}/jobs")

    def job(self, job_id: str) -> Json:
        return self._portal.json("GET", f"jobs/{segment(job_id)}")

    def wait_for_job(self, job_id: str, seconds: float = 900.0, progress: Told | None = None) -> Json:
        """The job once it has ended: look how. Otherwise as wait_for_cluster."""
        return _wait(lambda: self.job(job_id), JOB_ENDS, seconds, progress)

    def log(self, job_id: str) -> str:
        """The log so far."""
        return self._portal.text(f"jobs/{segment(job_id)}/log").decode("utf-8", errors="replace")

    def outputs(self, job_id: str) -> list[Json]:
        """The files of the job's output: [{"path", "size", ...}]."""
        return self._portal.pages(f"jobs/{segment(job_id)}/output")

    def download(self, job_id: str, path: str, destination: str | os.PathLike[str]) -> int:
        """Fetch one file of the output, whole or not at all; its size in bytes."""
        way = "/".join(segment(part) for part in path.split("/"))
        with self._portal.stream(f"jobs/{segment(job_id)}/output/{way}") as response:
            return keep(pieces(response), Path(destination))


def cluster_wish(
    course: str,
    name: str,
    workers: int,
    flavor: str,
    hours: int,
    framework: str = "spark",
    folders: Sequence[Mapping[str, str]] = (),
    more: Mapping[str, Any] | None = None,
) -> Json:
    """The body of a request for a cluster."""
    body: Json = {
        **(more or {}),
        "course": course,
        "name": name,
        "framework": framework,
        "workers": workers,
        "flavor": flavor,
        "hours": hours,
    }
    return {**body, "folders": [dict(use) for use in folders]} if folders else body


def _wait(ask: Callable[[], Json], ends: Sequence[str], seconds: float, progress: Told | None) -> Json:
    deadline = time.monotonic() + seconds
    seen: Json | None = None
    while True:
        try:
            now = ask()
        except UnreachableError:
            # A portal that restarts does not end the wait; one that stays away does, with its own words.
            if time.monotonic() > deadline:
                raise
        else:
            if progress is not None and now != seen:
                progress(now)
            seen = now
            if now["status"] in ends:
                return now
        if time.monotonic() > deadline:
            state = seen["status"] if seen else "unknown"
            raise TimeoutError(f"Still {state} after {seconds:.0f} seconds; waited for {' or '.join(ends)}.")
        time.sleep(POLL_SECONDS)
