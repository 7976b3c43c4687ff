"""A statement: whose, of which course and month. Who may have it, and what stands in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from billing import statements
from billing.models import Transaction
from billing.statements import Line, Spent
from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.courses import services as courses
from portal.courses.models import Course
from portal.courses.rights import Deed
from portal.folders.models import Folder
from portal.refusals import Invalid, NotAllowed

MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
KINDS = {"node": "Nodes", "storage": "Folder", "external": "Other service"}


@dataclass(frozen=True)
class Row:
    """A line as people read it."""

    line: Line
    what: str
    where: str

    @property
    def set_right(self) -> bool:
        return self.line.kind in (Transaction.Kind.REVERSAL, Transaction.Kind.CORRECTION)


@dataclass(frozen=True)
class Statement:
    """Of one person line by line, or of a whole course person by person; the other list is then empty."""

    course: Course
    person: str
    month: str
    zone: str
    made_at: datetime
    granted: Decimal
    people: list[Spent]
    rows: list[Row]
    total: Spent

    @property
    def name(self) -> str:
        """For a file."""
        return "-".join(word for word in ("statement", self.course.name, self.person, self.month) if word)


def statement(reader: User, course_id: UUID, month: str = "", person: str = "") -> Statement:
    """One's own, or with the right to see spending anybody's and the whole course's. Without a month: this one.

    Raises NotFound, NotAllowed, Invalid.
    """
    course = courses.find(reader, course_id)
    if person != reader.username and Deed.SEE_SPENDING not in courses.deeds(reader, course):
        raise NotAllowed(
            "What others spent is shown to those who lead the course.", f"Ask for your own: person={reader.username}."
        )
    zone = ZoneInfo(settings.UNIVERSITY_TIME_ZONE)
    month = month or f"{timezone.now().astimezone(zone):%Y-%m}"
    start, end = bounds(month, zone)
    people = statements.by_person(course.name, start, end, person)
    lines = statements.lines(course.name, person, start, end) if person else []
    names = _names({line.subject for line in lines if line.subject})
    return Statement(
        course=course,
        person=person,
        month=month,
        zone=zone.key,
        made_at=timezone.now().astimezone(zone),
        granted=Decimal() if person else statements.granted(course.name, start, end),
        people=[] if person else people,
        rows=[_row(line, names) for line in lines],
        total=statements.together(people),
    )


def bounds(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The month's first moment and the next one's, by the clocks of the university. Raises Invalid."""
    found = MONTH.fullmatch(month)
    if not found:
        raise Invalid.of({"month": "must be a year and a month, as 2026-11"})
    first = date(int(found[1]), int(found[2]), 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return datetime(first.year, first.month, 1, tzinfo=zone), datetime(following.year, following.month, 1, tzinfo=zone)


def around(month: str) -> tuple[str, str]:
    """The month before and the one after."""
    year, number = (int(word) for word in month.split("-"))
    before = (year - 1, 12) if number == 1 else (year, number - 1)
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    return f"{before[0]}-{before[1]:02}", f"{after[0]}-{after[1]:02}"


def _row(line: Line, names: dict[UUID, str]) -> Row:
    kind = KINDS.get(line.of_kind, "Other service" if line.kind == Transaction.Kind.CHARGE else "")
    what = " ".join(word for word in (kind, line.name) if word)
    if line.kind != Transaction.Kind.CHARGE:
        what = f"{Transaction.Kind(line.kind).label} · {what}" if what else Transaction.Kind(line.kind).label
    if line.memo:
        what = f"{what}: {line.memo}"
    where = names.get(line.subject, str(line.subject)) if line.subject else ""
    return Row(line, what, where)


def _names(subjects: set[UUID]) -> dict[UUID, str]:
    """Of clusters and folders; they stay in the database when they have ended."""
    found = dict(Cluster.objects.filter(pk__in=subjects).values_list("pk", "name"))
    return found | dict(Folder.objects.filter(pk__in=subjects).values_list("pk", "name"))
