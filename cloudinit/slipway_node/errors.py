"""What a step of the boot fails with."""

from __future__ import annotations


class StepError(Exception):
    """A step failed: `log` has the last lines of what it ran."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log
