"""Properties are tried on the same examples at each run; `--hypothesis-profile=random` takes others each time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("random", derandomize=False, database=None, deadline=None)
settings.load_profile("same")
