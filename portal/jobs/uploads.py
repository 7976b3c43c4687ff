"""An upload that is too large is refused as soon as that is known."""

from __future__ import annotations

from typing import IO, Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler

from portal.refusals import TooLarge


def too_large() -> TooLarge:
    megabytes = settings.UPLOAD_LIMIT / 1024**2
    return TooLarge(
        f"An upload may have {megabytes:.0f} MB in all, and this one has more.",
        "Send less: compress the files, or let the job read large data from a folder or the network.",
    )


class LimitedUpload(FileUploadHandler):
    """Counts, and hands everything on to the next handler."""

    received = 0

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, Any],  # noqa: N803 Django calls it so
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        if content_length > settings.UPLOAD_LIMIT:
            raise too_large()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_LIMIT:
            raise too_large()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
