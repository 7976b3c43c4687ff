"""What people see, and what programs read. On the standard output stands the answer alone; all else goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import safe_text
from .transport import Json

WIDE = 1000  # where nobody looks, no cell is broken
STYLES = {
    "ready": "green", "available": "green", "succeeded": "green",
    "creating": "cyan", "updating": "cyan", "growing": "cyan", "queued": "cyan", "running": "cyan",
    "deleting": "yellow", "cancelled": "yellow",
    "failed": "red",
    "deleted": "dim",
}  # fmt: skip

Cell = Callable[[Json], object]


class Output:
    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        # Names and reasons are others' words: nothing in them is markup, and nothing is found to be a link or number.
        plain: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False}
        width = None if sys.stdout.isatty() else WIDE
        self.console = Console(**plain, width=width)
        self.aside = Console(**plain, stderr=True)

    def say(self, text: str) -> None:
        """A word to the person, which is no part of the answer."""
        self.aside.print(safe_text.lines(text), soft_wrap=True)

    def line(self, text: str) -> None:
        self.console.print(safe_text.lines(text), soft_wrap=True)

    def data(self, value: Any) -> None:
        print(safe_text.as_json(value, indent=2))

    def event(self, value: Any) -> None:
        """One of several answers: a line each."""
        print(safe_text.as_json(value), flush=True)

    def raw(self, text: str) -> None:
        """A log: as it is where a program reads it, without orders where a terminal does."""
        sys.stdout.write(safe_text.lines(text) if sys.stdout.isatty() else text)
        sys.stdout.flush()

    def table(self, columns: dict[str, Cell], rows: Sequence[Json], none: str) -> None:
        if self.as_json:
            self.data(list(rows))
        elif not rows:
            self.say(none)
        else:
            table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
            for name in columns:
                table.add_column(name, overflow="fold")
            for row in rows:
                table.add_row(*(shown(cell(row)) for cell in columns.values()))
            self.console.print(table)

    def record(self, fields: dict[str, object], row: Json) -> None:
        """One thing, a line for each of its fields; those that say nothing are left out."""
        if self.as_json:
            self.data(row)
            return
        grid = Table.grid(padding=(0, 2))
        for name, value in fields.items():
            if value not in (None, ""):
                grid.add_row(Text(name, style="bold"), shown(value))
        self.console.print(grid)

    def failure(self, failure: Json | None) -> None:
        """Why something failed, in the portal's words."""
        for name in ("what", "why", "next"):
            if failure and failure.get(name):
                self.aside.print(Text(safe_text.lines(f"  {name:5} {failure[name]}")), soft_wrap=True)


def shown(value: object) -> Text:
    if isinstance(value, datetime):
        return Text(local(value))
    text = safe_text.line("" if value is None else value)
    return Text(text, style=STYLES.get(text, ""))


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def local(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def until(text: str | None, now: datetime | None = None) -> str:
    """A moment to come, with how far it is: "2026-11-21 19:30 (in 2 h 10 min)"."""
    at = moment(text)
    if at is None:
        return ""
    rest = at - (now or datetime.now(UTC))
    return f"{local(at)} (in {duration(rest)})" if rest > timedelta() else local(at)


def duration(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def credits_of(text: str | None) -> str:
    """ "12.500000" as "12.5"; "" for what has no end or no price."""
    return f"{Decimal(text):f}".rstrip("0").rstrip(".") if text and "." in text else text or ""


def size(count: int) -> str:
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)
