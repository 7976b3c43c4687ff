"""Courses."""

from __future__ import annotations

from ..transport import Json
from .base import Calls


class Courses(Calls):
    def courses(self) -> list[Json]:
        return self._portal.pages("courses")
