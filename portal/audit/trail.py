"""Reading the trail."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from portal.accounts.models import User
from portal.courses.models import Course, Role
from portal.courses.rights import ADMINISTRATOR, RIGHTS, Deed, may
from portal.refusals import Refusal
from portal.trail.models import Entry

READERS = [role for role in Role if Deed.SEE_TRAIL in RIGHTS[role]]


class NoTrail(Refusal):
    status = 403
    code = "no-trail"
    title = "This is for teachers and administrators"

    def __init__(self) -> None:
        super().__init__(
            "Who did what is shown to the teachers of a course and to administrators.", "Ask a teacher of your course."
        )


@dataclass(frozen=True)
class Filter:
    """Of each that is given an entry must have just this; `since` is the first moment."""

    course: str = ""
    subject: str = ""
    actor: str = ""
    since: datetime | None = None


def entries(reader: User, wanted: Filter = Filter()) -> QuerySet[Entry]:
    """Those that the reader may see, the newest first: a teacher's are those of their courses. Raises NoTrail."""
    found = Entry.objects.all()
    if not may(Deed.SEE_TRAIL, {ADMINISTRATOR} if reader.is_administrator else ()):
        courses = list(_courses_of(reader).values_list("name", flat=True))
        if not courses:
            raise NoTrail
        found = found.filter(course__in=courses)
    exact = {name: value for name, value in asdict(wanted).items() if value and name != "since"}
    return found.filter(**exact, **({"at__gte": wanted.since} if wanted.since else {}))


def page(found: QuerySet[Entry], before: int | None, size: int) -> tuple[list[Entry], int | None]:
    """So many of the entries, from the one with the id `before` on, and the id to go on with."""
    last = found.filter(pk=before).first() if before else None
    if last:
        found = found.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    rows = list(found[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else None


def changed(entry: Entry) -> list[tuple[str, Any, Any]]:
    """Each field that the entry names, with what it was and became; None where that is not said. Pure."""
    before, after = entry.before or {}, entry.after or {}
    return [(name, before.get(name), after.get(name)) for name in {**before, **after}]


def may_read(reader: User, course: Course) -> bool:
    return reader.is_administrator or _courses_of(reader).filter(pk=course.pk).exists()


def _courses_of(reader: User) -> QuerySet[Course]:
    return Course.objects.filter(memberships__user=reader, memberships__role__in=READERS)
