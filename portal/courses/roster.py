"""Rosters as lists: reading what a spreadsheet has saved, and what a list would change. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from portal.courses.models import Role
from portal.refusals import Invalid
from portal.text import is_one_line

COLUMNS = ("username", "role", "credits")
MOST_LINES = 5000
MOST_BYTES = 1024**2
LONGEST_NAME = 255
MOST_CREDITS = 10**9
DELIMITERS = ",;\t"
DECLARED = re.compile(r"sep=(.)", re.IGNORECASE)  # a first line that Excel writes for itself
# What Excel makes of a long number, and of a cell that could not be worked out.
SHORTENED = re.compile(r"[+-]?\d([.,]\d+)?E[+-]?\d+", re.IGNORECASE)
BROKEN = re.compile(r"#(N/A|REF!|NAME\?|VALUE!|DIV/0!|NULL!|NUM!)")
ROLES = {word.casefold(): role for role in Role for word in (role.value, role.label)}


@dataclass(frozen=True)
class Line:
    """Somebody on a list; without `credits` what holds for them stays."""

    username: str
    role: Role = Role.STUDENT
    credits: Decimal | None = None


@dataclass(frozen=True)
class Plan:
    """What a list would change, by user names."""

    added: tuple[Line, ...]
    changed: tuple[Line, ...]  # who has another role, or is given other credits
    unchanged: int
    removed: tuple[str, ...]


def decoded(content: bytes) -> str:
    """Raises Invalid where it is no UTF-8: letters beyond ASCII would become others."""
    if len(content) > MOST_BYTES:
        raise Invalid.of({"csv": f"has more than {MOST_BYTES // 1024} KiB"})
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid.of({"csv": "is not UTF-8: in Excel, save it as “CSV UTF-8 (comma delimited)”"}) from None


def read(text: str) -> list[Line]:
    """The list in a CSV text: commas, semicolons or tabs between username, role and credits; the first line names them.

    Raises Invalid, which names each bad line by its number."""
    rows = _rows(text.removeprefix("\ufeff"))
    columns = _columns(rows)
    lines: dict[int, Line] = {}
    wrong: dict[str, str] = {}
    first: dict[str, int] = {}
    for number, cells in rows[1:]:
        values = {name: cells[place] if place < len(cells) else "" for name, place in columns.items()}
        faults = _faults(values)
        if any(cell for place, cell in enumerate(cells) if place not in columns.values()):
            faults.append("has something in a column without a name")
        if values["username"] and (earlier := first.setdefault(values["username"], number)) != number:
            faults.append(f"{values['username']} stands in line {earlier} already")
        if faults:
            wrong[f"csv.{number}"] = "; ".join(faults)
        else:
            lines[number] = _line(values)
    if wrong:
        raise Invalid.of(wrong)
    if not lines:
        raise Invalid.of({"csv": "has no line below the first one, which names the columns"})
    return list(lines.values())


def written(lines: Iterable[Line]) -> str:
    """As `read` reads it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("username", "role"))
    writer.writerows((line.username, line.role.value) for line in lines)
    return text.getvalue()


def plan(
    lines: Sequence[Line],
    roles: Mapping[str, str],
    credits: Mapping[str, Decimal | None],
    *,
    remove_others: bool,
    actor: str = "",
) -> Plan:
    """`roles` are those of the present members, `credits` the present exceptions. Whoever brings the list keeps their
    own place, so that nobody shuts themselves out."""
    mine = [line for line in lines if line.username != actor or actor not in roles]
    changed = [
        line
        for line in mine
        if line.username in roles
        and (
            roles[line.username] != line.role
            or (line.credits is not None and credits.get(line.username) != line.credits)
        )
    ]
    added = [line for line in mine if line.username not in roles]
    gone = set(roles) - {line.username for line in lines} - {actor} if remove_others else set()
    return Plan(tuple(added), tuple(changed), len(lines) - len(added) - len(changed), tuple(sorted(gone)))


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Lines with something in them, by their numbers; cells without space around them."""
    declared = DECLARED.match(text)
    start = text.partition("\n")[0]
    delimiter = declared[1] if declared else max(DELIMITERS, key=start.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    rows = []
    try:
        for cells in reader:
            stripped = [cell.replace("\xa0", " ").strip() for cell in cells]
            if any(stripped) and not (declared and reader.line_num == 1):
                rows.append((reader.line_num, stripped))
            if len(rows) > MOST_LINES:
                raise Invalid.of({"csv": f"has more than {MOST_LINES} lines"})
    except csv.Error as error:
        raise Invalid.of({f"csv.{reader.line_num}": f"cannot be read: {error}"}) from None
    return rows


def _columns(rows: Sequence[tuple[int, list[str]]]) -> dict[str, int]:
    """Where each column is, by its name in the first line."""
    number, names = rows[0] if rows else (1, [])
    found = [name.casefold() for name in names if name]
    strange = sorted(set(found) - set(COLUMNS))
    if "username" not in found or strange:
        what = f"unknown: {', '.join(strange)}; known are" if strange else "the first line must name the columns:"
        raise Invalid.of({f"csv.{number}": f"{what} username, role (student, if it is left out), credits"})
    if len(set(found)) < len(found):
        raise Invalid.of({f"csv.{number}": "names a column twice"})
    return {name.casefold(): place for place, name in enumerate(names) if name}


def _faults(values: Mapping[str, str]) -> list[str]:
    faults = [*_wrong_name(values["username"])]
    role = values.get("role", "")
    if role and role.casefold() not in ROLES:
        faults.append(f"the role {role!r} is unknown: there is {', '.join(each.value for each in Role)}")
    if values.get("credits") and _amount(values["credits"]) is None:
        faults.append(f"credits {values['credits']!r} is no number from 0 to {MOST_CREDITS}")
    elif values.get("credits") and ROLES.get(role.casefold(), Role.STUDENT) != Role.STUDENT:
        faults.append("only students have credits of their own")
    return faults


def _wrong_name(name: str) -> Iterable[str]:
    if not name:
        yield "has no username"
    elif SHORTENED.fullmatch(name) or BROKEN.match(name):
        yield f"{name} is what Excel has made of a username: format the column as text, and enter it again"
    elif len(name) > LONGEST_NAME or not is_one_line(name):
        yield f"the username must be one line of at most {LONGEST_NAME} characters"


def _amount(text: str) -> Decimal | None:
    """Also with a decimal comma, as Excel writes it in half of Europe."""
    plain = text.replace(" ", "").replace("'", "")
    if "," in plain and "." not in plain and plain.count(",") == 1:
        plain = plain.replace(",", ".")
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= MOST_CREDITS else None


def _line(values: Mapping[str, str]) -> Line:
    role = ROLES[values["role"].casefold()] if values.get("role") else Role.STUDENT
    return Line(values["username"], role, _amount(values["credits"]) if values.get("credits") else None)
