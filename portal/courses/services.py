"""Who belongs to which course, and what they may do there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.courses.models import Course, Limit, Membership, Role
from portal.courses.rights import ADMINISTRATOR, COURSE_MAKER, IN_ARCHIVED, Deed, may, roles_that
from portal.refusals import Conflict, Invalid, NotAllowed, NotFound

ASK = "Ask a teacher of the course, or an administrator."


def courses_of(user: User) -> QuerySet[Course]:
    """Those that the person belongs to."""
    return Course.objects.filter(memberships__user=user)


def present_courses_of(user: User) -> QuerySet[Course]:
    """Of these the ones in which something new can be made."""
    return courses_of(user).filter(archived_at=None).exclude(project_id="")


def courses_where(user: User, deed: Deed) -> QuerySet[Course]:
    """All courses in which the person may do this, as a member of them or as an administrator."""
    if user.is_administrator and may(deed, {ADMINISTRATOR}):
        return Course.objects.all()
    return Course.objects.filter(memberships__user=user, memberships__role__in=roles_that(deed))


def parts_of(user: User, course: Course | None = None) -> set[str]:
    """What the person is: everywhere, and to the course."""
    role = (
        Membership.objects.filter(user=user, course=course).values_list("role", flat=True).first() if course else None
    )
    held = {ADMINISTRATOR: user.is_administrator, COURSE_MAKER: user.may_make_courses, str(role): role is not None}
    return {part for part, holds in held.items() if holds}


def deeds(user: User, course: Course) -> frozenset[Deed]:
    """What the person may do in the course as it is now."""
    parts = parts_of(user, course)
    possible = IN_ARCHIVED if course.is_archived else frozenset(Deed)
    return frozenset(deed for deed in possible if may(deed, parts))


def find(user: User, course_id: UUID) -> Course:
    """Raises NotFound also for courses of others: that they exist is a secret."""
    course = courses_where(user, Deed.SEE_COURSE).filter(pk=course_id).first()
    if course is None:
        raise NotFound("course")
    return course


def permitted(user: User, course_id: UUID, deed: Deed) -> Course:
    """As find, for what not everybody may do in it. Raises NotFound, NotAllowed, and Conflict where it is archived."""
    course = find(user, course_id)
    if not may(deed, parts_of(user, course)):
        raise NotAllowed(f"You may not {deed}.", ASK)
    if deed not in IN_ARCHIVED:
        require_present(course)
    return course


def require_present(course: Course) -> None:
    if course.archived_at:
        raise Conflict(
            f"{course.title} was archived on {course.archived_at:%d %B %Y}, and is only to be looked at now.",
            "Make a new course for a new term.",
        )


def course_of(user: User, course_id: str) -> Course:
    """The course in which somebody wants to have something new.

    Raises Invalid where the person does not belong to it: which other courses there are is a secret. Raises Conflict
    where nothing can be made in it now."""
    membership = Membership.objects.select_related("course").filter(user=user, course_id=course_id).first()
    if membership is None:
        raise Invalid.of({"course": "you belong to no such course; GET /api/v1/courses lists yours"})
    course = membership.course
    require_present(course)
    if not course.project_id:
        raise Conflict(
            f"The cloud has no place for {course.title} yet: the portal is making it.",
            "Try again in a minute. The course's page says what it waits for.",
        )
    if membership.role == Role.STUDENT:
        _require_term(course)
    return course


def require_share(user: User, course: Course) -> None:
    """Whether more of the course's credits may go to what the person has in it already.

    Who leads it may always give more.
    Raises NotAllowed where the person has left the course, Conflict outside of its term."""
    parts = parts_of(user, course)
    if may(Deed.LEAD_CLASS, parts):
        return
    if not may(Deed.CREATE_CLUSTER, parts):
        raise NotAllowed(f"You belong to {course.title} no more: nothing more of its credits is yours.", ASK)
    _require_term(course)


def _require_term(course: Course) -> None:
    """By the clocks of the university."""
    if not course.is_on(timezone.localdate(timezone=ZoneInfo(settings.UNIVERSITY_TIME_ZONE))):
        raise Conflict(f"{course.title} is {term(course)}.", "Ask a teacher of the course.")


def term(course: Course) -> str:
    """Its dates in words; empty where it has none."""
    days = {"from": course.starts_on, "until": course.ends_on}
    return " ".join(f"{word} {day:%d %B %Y}" for word, day in days.items() if day)


# What an imported document calls the limits that it may name, and for whom they are.
IMPORTED = {
    "clusters_each": (Limit.Scope.STUDENT, "clusters"),
    "folder_gb_each": (Limit.Scope.STUDENT, "folder_gb"),
    "hours_at_most": (Limit.Scope.COURSE, "hours"),
}
OF_NEW_COURSES = {"clusters_each": 1, "folder_gb_each": 20, "hours_at_most": 12}


def limit_by_default(course: Course, said: dict[str, Any]) -> None:
    """`said` in the words of IMPORTED."""
    for key, value in said.items():
        scope, name = IMPORTED[key]
        Limit.objects.update_or_create(
            course=course, scope=scope, user=None, name=name, defaults={"value": Decimal(value)}
        )
