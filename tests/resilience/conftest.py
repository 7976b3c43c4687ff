"""What the tests of a house in trouble share."""

from __future__ import annotations

from tests.e2e.conftest import flights
from tests.house import house, person

__all__ = ["flights", "house", "person"]
