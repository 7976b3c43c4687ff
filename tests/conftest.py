"""One house for all tests of a run that need a whole one, whichever folder they stand in."""

from __future__ import annotations

from tests.house import house, person

__all__ = ["house", "person"]
