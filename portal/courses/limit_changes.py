"""Setting the limits of a course and of its students. What is over a lowered one goes on."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from portal.accounts.models import User
from portal.courses import members
from portal.courses.limits import MOST_HOURS, NAMES, OF_ONE, exceptions_of, figure
from portal.courses.models import Course, Limit, Role
from portal.courses.rights import Deed
from portal.courses.services import permitted
from portal.locks import allocating
from portal.refusals import Conflict, Invalid, NotFound
from portal.trail import services as trail

MOST = 10**9
Values = Mapping[str, Decimal | int | None]


def set_limits(actor: User, course_id: UUID, whole: Values, each: Values) -> Course:
    """Of the whole course and of each student, by the names of limits; one that is None or not named bounds nothing.

    Raises NotFound, NotAllowed, Invalid, Conflict, Busy."""
    course = permitted(actor, course_id, Deed.CHANGE_LIMITS)
    wrong = {f"course.{name}": why for name, why in wrong_values(whole).items()}
    wrong |= {f"each_student.{name}": why for name, why in wrong_values(each).items()}
    if wrong:
        raise Invalid.of(wrong)
    with allocating(course):
        for scope, said in ((Limit.Scope.COURSE, whole), (Limit.Scope.STUDENT, each)):
            _replace(actor, course, scope, None, {name: value for name, value in said.items() if value is not None})
    return course


def set_exception(actor: User, course_id: UUID, username: str, values: Values) -> Course:
    """For one student, in place of what holds for each; None lifts a limit, and what is not named is as for the others.

    Raises NotFound, NotAllowed, Invalid, Conflict, Busy."""
    course = permitted(actor, course_id, Deed.CHANGE_LIMITS)
    member = members.find(course, username)
    if member.role != Role.STUDENT:
        raise Conflict(
            f"{username} is {member.get_role_display().lower()} of {course.title}, and only the course's own limits "
            "bind those.",
            "Change the limits of the course.",
        )
    if wrong := wrong_values(values):
        raise Invalid.of(wrong)
    with allocating(course):
        _replace(actor, course, Limit.Scope.STUDENT, member.user, values)
    return course


def exception_of(actor: User, course_id: UUID, username: str) -> dict[str, Decimal | None]:
    """Nothing where all is as for the others; also of somebody who has left. Raises NotFound, NotAllowed."""
    course = permitted(actor, course_id, Deed.SEE_ROSTER)
    found = exceptions_of(course).get(username)
    if found is None:
        members.find(course, username)
    return found or {}


def remove_exception(actor: User, course_id: UUID, username: str) -> Course:
    """Also of somebody who has left. Raises NotFound, NotAllowed, Conflict, Busy."""
    course = permitted(actor, course_id, Deed.CHANGE_LIMITS)
    user = User.objects.filter(username=username, limits__course=course).first()
    if user is None:
        raise NotFound("exception from the limits")
    with allocating(course):
        _replace(actor, course, Limit.Scope.STUDENT, user, {})
    return course


def wrong_values(values: Values) -> dict[str, str]:
    """Pure."""
    wrong = {name: f"unknown; known are {', '.join(NAMES)}" for name in values if name not in NAMES}
    for name, value in values.items():
        low, high = (1, MOST_HOURS) if name in OF_ONE else (0, MOST)
        if value is None or name in wrong:
            continue
        if not low <= value <= high:
            wrong[name] = f"must be from {low} to {high}, or empty for no limit"
        elif name != "credits" and value != int(value):
            wrong[name] = "must be a whole number"
    return wrong


def _replace(actor: User, course: Course, scope: str, user: User | None, values: Values) -> None:
    rows = Limit.objects.filter(course=course, scope=scope, user=user)
    before = {row.name: row.value for row in rows}
    changed = {name for name in {**before, **values} if name not in before or name not in values} | {
        name for name, value in values.items() if name in before and before[name] != value
    }
    if not changed:
        return
    rows.delete()
    Limit.objects.bulk_create(
        Limit(course=course, scope=scope, user=user, name=name, value=value) for name, value in values.items()
    )
    whose = user.username if user else "each student" if scope == Limit.Scope.STUDENT else "course"
    trail.record(
        actor, "course.limits", course.pk, name=course.title, course=course.name,
        before={"whose": whose, **_shown(before, changed)}, after={"whose": whose, **_shown(values, changed)},
    )  # fmt: skip


def _shown(values: Values, names: set[str]) -> dict[str, str | None]:
    return {
        name: None if (value := values[name]) is None else figure(Decimal(value))
        for name in sorted(names)
        if name in values
    }
