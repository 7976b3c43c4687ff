"""What the tests of a house in trouble share."""

from __future__ import annotations

from tests.e2e.conftest import flights

__all__ = ["flights"]
