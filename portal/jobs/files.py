"""The bytes of a job as answers to a browser or a program."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse

from portal.jobs import storage
from portal.jobs.models import Job
from portal.refusals import NotFound


def log_response(job: Job) -> HttpResponse:
    return HttpResponse(storage.read_log(job.pk), content_type="text/plain; charset=utf-8")


def output_response(job: Job, path: str) -> FileResponse:
    """Always a download: what a job writes must not run as a page of the portal."""
    output = job.outputs.filter(path=path).first()
    if output is None:
        raise NotFound("file of this job")
    if not output.uploaded:
        refusal = NotFound("file of this job")
        refusal.detail = f"{path!r} has {output.size} bytes, which is more than is brought to the portal."
        refusal.next = "Let the job write less into output/, or read it in another job while the cluster lives."
        raise refusal
    file = storage.output_file(job.pk, path).open("rb")
    return FileResponse(
        file, as_attachment=True, filename=path.rsplit("/", 1)[-1], content_type="application/octet-stream"
    )
