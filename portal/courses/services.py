"""Who belongs to which course."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from portal.accounts.models import User
from portal.courses.models import Course, Limit, Membership, Role
from portal.refusals import Invalid


def courses_of(user: User) -> QuerySet[Course]:
    return Course.objects.filter(memberships__user=user)


def taught_by(user: User) -> QuerySet[Course]:
    return Course.objects.filter(memberships__user=user, memberships__role=Role.TEACHER)


def course_of(user: User, course_id: str) -> Course:
    """The course, where the person belongs to it. Raises Invalid: which other courses there are is a secret."""
    course = courses_of(user).filter(id=course_id).first()
    if course is None:
        raise Invalid.of({"course": "you belong to no such course; GET /api/v1/courses lists yours"})
    return course


# What an imported document calls the limits that it may name, and for whom they are.
IMPORTED = {
    "clusters_each": (Limit.Scope.STUDENT, "clusters"),
    "folder_gb_each": (Limit.Scope.STUDENT, "folder_gb"),
    "hours_at_most": (Limit.Scope.COURSE, "hours"),
}
OF_NEW_COURSES = {"clusters_each": 1, "folder_gb_each": 20, "hours_at_most": 12}


@transaction.atomic
def import_roster(document: dict[str, Any]) -> None:
    """Courses with their members, and administrators: afterwards each named course has just the members named.

    `{"courses": [{"name", "title", "project", "clusters_each", "members": [{"username", "role"}]}],
    "administrators": [name]}`; a course may have "hours_at_most" and "folder_gb_each", which else stay as they are.
    """
    for entry in document["courses"]:
        course, new = Course.objects.update_or_create(
            name=entry["name"], defaults={"title": entry["title"], "project_id": entry["project"]}
        )
        said = {name: entry[name] for name in IMPORTED if name in entry}
        for key, value in ((OF_NEW_COURSES if new else {}) | said).items():
            scope, name = IMPORTED[key]
            Limit.objects.update_or_create(
                course=course, scope=scope, user=None, name=name, defaults={"value": Decimal(value)}
            )
        names = [member["username"] for member in entry["members"]]
        course.memberships.exclude(user__username__in=names).delete()
        for member in entry["members"]:
            user, _ = User.objects.get_or_create(username=member["username"])
            Membership.objects.update_or_create(course=course, user=user, defaults={"role": Role(member["role"])})
    administrators = document.get("administrators", [])
    people = User.objects.filter(service_scopes=None)
    people.exclude(username__in=administrators).update(is_administrator=False)
    for username in administrators:
        User.objects.update_or_create(username=username, defaults={"is_administrator": True})
