"""Where the bytes of jobs lie: one folder a job, below the storage setting.

Names that people gave stand in the database only; here files have names of our own, so no name can lead astray.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings

LEFT_OUT = "\n[... {} bytes of this log were left out ...]\n"


def folder(job_id: UUID) -> Path:
    return Path(settings.STORAGE) / "jobs" / str(job_id)


def application(job_id: UUID) -> Path:
    return folder(job_id) / "application"


def input_file(job_id: UUID, number: int) -> Path:
    return folder(job_id) / "files" / str(number)


def output_file(job_id: UUID, path: str) -> Path:
    return folder(job_id) / "output" / hashlib.sha256(path.encode()).hexdigest()


def log(job_id: UUID) -> Path:
    return folder(job_id) / "log"


def write(target: Path, chunks: Iterable[bytes]) -> int:
    """Writes all or nothing; gives the size in bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".partial-", delete=False) as partial:
        try:
            size = sum(partial.write(chunk) for chunk in chunks)
            partial.flush()
            Path(partial.name).replace(target)
        except BaseException:
            Path(partial.name).unlink()
            raise
    return size


def append_log(job_id: UUID, data: bytes, received: int) -> None:
    """Appends; of a log beyond the limit the first quarter and the tail are kept. `received` bytes came in all."""
    path = log(job_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)
    if path.stat().st_size > settings.LOG_LIMIT:
        kept = path.read_bytes()
        head, tail = kept[: settings.LOG_LIMIT // 4], kept[-settings.LOG_LIMIT // 2 :]
        left_out = LEFT_OUT.format(received - len(head) - len(tail)).encode()
        write(path, [head, left_out, tail])


def read_log(job_id: UUID, at_most: int | None = None) -> str:
    """The log kept, or its last `at_most` bytes."""
    try:
        with log(job_id).open("rb") as file:
            if at_most is not None:
                file.seek(max(0, os.fstat(file.fileno()).st_size - at_most))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def remove_input(job_id: UUID) -> None:
    """Program and input of a job that has ended: nobody will fetch them again."""
    application(job_id).unlink(missing_ok=True)
    shutil.rmtree(folder(job_id) / "files", ignore_errors=True)


def remove(job_id: UUID) -> None:
    """All bytes of a job that there will not be."""
    shutil.rmtree(folder(job_id), ignore_errors=True)
