"""Who belongs to which course."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from portal.accounts.models import User
from portal.courses.models import Course, Membership, Role
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


@transaction.atomic
def import_roster(document: dict[str, Any]) -> None:
    """Courses with their members, and administrators: afterwards each named course has just the members named.

    `{"courses": [{"name", "title", "project", "clusters_each", "members": [{"username", "role"}]}],
    "administrators": [name]}`; a course may have "hours_at_most" and "folder_gb_each", which else stay as they are.
    """
    for entry in document["courses"]:
        course, _ = Course.objects.update_or_create(
            name=entry["name"],
            defaults={
                "title": entry["title"],
                "project_id": entry["project"],
                "clusters_each": entry["clusters_each"],
                **{name: entry[name] for name in ("hours_at_most", "folder_gb_each") if name in entry},
            },
        )
        names = [member["username"] for member in entry["members"]]
        course.memberships.exclude(user__username__in=names).delete()
        for member in entry["members"]:
            user, _ = User.objects.get_or_create(username=member["username"])
            Membership.objects.update_or_create(course=course, user=user, defaults={"role": Role(member["role"])})
    administrators = document.get("administrators", [])
    User.objects.exclude(username__in=administrators).update(is_administrator=False)
    for username in administrators:
        User.objects.update_or_create(username=username, defaults={"is_administrator": True})
