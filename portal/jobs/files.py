"""The bytes of a job as answers to a browser or a program."""

from __future__ import annotations

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import FileResponse, HttpResponse

from portal.jobs import rules, storage
from portal.jobs.models import Job
from portal.refusals import NotFound


class File(FileResponse):
    """Read in pieces under ASGI too: Django by itself would read all of it into memory."""

    block_size = 256 * 1024

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert self.file_to_stream
        while piece := await sync_to_async(self.file_to_stream.read)(self.block_size):
            yield piece


def log_response(job: Job) -> HttpResponse:
    return HttpResponse(storage.read_log(job.pk), content_type="text/plain; charset=utf-8")


def output_response(job: Job, path: str) -> File:
    """Always a download: what a job writes must not run as a page of the portal."""
    output = None if rules.wrong_path(path) else job.outputs.filter(path=path).first()
    if output is None:
        raise NotFound("file of this job")
    if not output.uploaded:
        refusal = NotFound("file of this job")
        refusal.detail = f"{path!r} has {output.size} bytes, which is more than is brought to the portal."
        refusal.next = "Let the job write less into output/, or read it in another job while the cluster lives."
        raise refusal
    file = storage.output_file(job.pk, path).open("rb")
    return File(file, as_attachment=True, filename=path.rsplit("/", 1)[-1], content_type="application/octet-stream")
