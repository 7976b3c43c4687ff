"""A job is there with all its bytes, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.jobs import services as jobs
from portal.jobs.models import Job


class Broken(SimpleUploadedFile):
    """A file whose bytes cannot be kept to the end."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield b"the beginning"
        raise OSError(28, "No space left on device")


def test_a_submission_that_fails_leaves_nothing_behind(
    alice: User, ready: Cluster, tmp_path: Path, settings: Any
) -> None:
    settings.STORAGE = tmp_path
    files = [SimpleUploadedFile("a.csv", b"1"), Broken("b.csv", b"2")]
    with pytest.raises(OSError, match="No space"):
        jobs.submit(alice, ready, SimpleUploadedFile("job.py", b"pass"), [], files)
    assert list((tmp_path / "jobs").iterdir()) == []
    assert not Job.objects.exists()
