"""Properties are tried on the same examples at each run; `--hypothesis-profile=random` takes others each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("random", derandomize=False, database=None, deadline=None)
settings.load_profile("same")


@pytest.fixture
def bad_name() -> Iterator[None]:
    """This process has a name that is no text."""
    comm = Path("/proc/self/comm")
    before = comm.read_bytes()
    comm.write_bytes(b"\xff\xfe")
    yield
    comm.write_bytes(before.rstrip(b"\n"))
