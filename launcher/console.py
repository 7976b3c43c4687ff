"""Steps shown as they go: what, how much, how long."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO

from launcher.problem import Problem

WIDTH = 14


class Step:
    """One step: `say` adds a line while it runs, `result` stands behind its name at the end."""

    def __init__(self, title: str, out: TextIO) -> None:
        self.result = ""
        self._out = out
        out.write(f"  {title:{WIDTH}} ")
        out.flush()

    def say(self, text: str) -> None:
        self._out.write(f"{text}\n  {'':{WIDTH}} ")
        self._out.flush()

    def end(self, seconds: float) -> None:
        self._out.write(f"{self.result:70} {seconds:7.1f} s\n")
        self._out.flush()

    def fail(self, word: str) -> None:
        self._out.write(f"{word}\n")
        self._out.flush()


class Console:
    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._began = time.monotonic()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        began = time.monotonic()
        step = Step(title, self._out)
        try:
            yield step
        except (Problem, OSError):
            step.fail("failed")
            raise
        except KeyboardInterrupt:
            step.fail("interrupted")
            raise
        step.end(time.monotonic() - began)

    def say(self, text: str = "") -> None:
        self._out.write(text + "\n")
        self._out.flush()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
