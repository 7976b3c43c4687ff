"""Jobs, their logs and output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..download import keep
from ..transport import Json, pieces, segment
from ..upload import JobForm
from .base import Calls, Told, wait_until

JOB_ENDS = ("succeeded", "failed", "cancelled")
UPLOAD_SECONDS = 600.0


class Jobs(Calls):
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

    def cancel_job(self, job_id: str) -> Json:
        """Ask for its end; the job as it is now."""
        return self._portal.json("POST", f"jobs/{segment(job_id)}/cancel", {})

    def wait_for_job(self, job_id: str, seconds: float = 900.0, progress: Told | None = None) -> Json:
        """The job once it has ended: look how. Otherwise as wait_for_cluster."""
        return wait_until(lambda: self.job(job_id), JOB_ENDS, seconds, progress)

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
