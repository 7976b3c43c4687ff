"""A statement as rows of words: what CSV and PDF have in common."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing.statements import Spent
from portal.credits.statement import Row, Statement

LINES = ("From", "To", "What", "Of", "Machines", "Hours", "Credits")
PEOPLE = ("Person", "Nodes", "Folders", "Other services", "Set right", "Credits")
# A spreadsheet takes a text that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Table(NamedTuple):
    heads: tuple[str, ...]
    rows: list[tuple[str, ...]]
    total: tuple[str, ...]
    numbers: int  # so many of the last columns are numbers
    said: int  # the column that says what a row is; with the last one it is enough on a narrow page


def table(made: Statement) -> Table:
    if made.person:
        rows = [_of_line(row, ZoneInfo(made.zone)) for row in made.rows]
        return Table(LINES, rows, ("", "", "Together", "", "", "", f"{made.total.total:.6f}"), 3, 2)
    return Table(PEOPLE, [_of_person(row, row.person) for row in made.people], _of_person(made.total, "Together"), 5, 0)


def as_csv(made: Statement) -> bytes:
    """With a mark by which Excel knows that it is UTF-8. What was typed by people is never a formula."""
    found = table(made)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(found.heads)
    texts = len(found.heads) - found.numbers
    for row in [*found.rows, found.total]:
        writer.writerow([*(_plain(text) for text in row[:texts]), *row[texts:]])
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _of_line(row: Row, zone: ZoneInfo) -> tuple[str, ...]:
    line = row.line
    first, last = (moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") for moment in (line.first_at, line.last_at))
    machines, hours = (str(line.resources), f"{line.hours:.2f}") if line.of_kind else ("", "")
    return first, last, row.what, row.where, machines, hours, f"{line.amount:.6f}"


def _of_person(row: Spent, name: str) -> tuple[str, ...]:
    figures: tuple[Decimal, ...] = (row.nodes, row.folders, row.others, row.set_right, row.total)
    return name, *(f"{figure:.6f}" for figure in figures)
