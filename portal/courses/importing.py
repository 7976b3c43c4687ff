"""Courses with their members, and administrators, from a document of whoever runs the portal."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from portal.accounts.models import User
from portal.courses.limits import figure
from portal.courses.models import Course, Limit, Membership, Role
from portal.courses.services import IMPORTED, OF_NEW_COURSES, limit_by_default
from portal.trail import services as trail


@transaction.atomic
def import_roster(document: dict[str, Any]) -> None:
    """Courses with their members, and administrators: afterwards each named course has just the members named.

    `{"courses": [{"name", "title", "project", "clusters_each", "members": [{"username", "role"}]}],
    "administrators": [name]}`; a course may have "hours_at_most" and "folder_gb_each", which else stay as they are.
    With "keep_existing": true, of courses that are there already nothing but the project is taken, and nobody ceases to
    be an administrator.
    """
    keep = document.get("keep_existing", False)
    for entry in document["courses"]:
        _import_course(entry, keep=keep)
    administrators = document.get("administrators", [])
    if not keep:
        people = User.objects.filter(service_scopes=None, is_administrator=True).exclude(username__in=administrators)
        for user in people.order_by("username"):
            _appoint(user, is_administrator=False)
    for username in administrators:
        _appoint(User.objects.get_or_create(username=username)[0], is_administrator=True)


def _import_course(entry: dict[str, Any], *, keep: bool) -> None:
    known = Course.objects.filter(name=entry["name"]).first()
    before = _facts(known) if known else {}
    if known and keep:
        Course.objects.filter(pk=known.pk).update(project_id=entry["project"])
        known.refresh_from_db()
        _record(known, "change", before, _facts(known))
        return
    course, _ = Course.objects.update_or_create(
        name=entry["name"], defaults={"title": entry["title"], "project_id": entry["project"]}
    )
    said = {name: entry[name] for name in IMPORTED if name in entry}
    limit_by_default(course, ({} if known else OF_NEW_COURSES) | said)
    _record(course, "change" if known else "create", before, _facts(course))
    _import_members(course, {member["username"]: Role(member["role"]) for member in entry["members"]})


def _import_members(course: Course, roles: dict[str, Role]) -> None:
    before = _roles(course)
    course.memberships.exclude(user__username__in=roles).delete()
    for username, role in roles.items():
        user, _ = User.objects.get_or_create(username=username)
        Membership.objects.update_or_create(course=course, user=user, defaults={"role": role})
    _record(course, "roster", before, _roles(course))


def _appoint(user: User, *, is_administrator: bool) -> None:
    if user.is_administrator == is_administrator:
        return
    user.is_administrator = is_administrator
    user.save(update_fields=["is_administrator"])
    before, after = {"is_administrator": not is_administrator}, {"is_administrator": is_administrator}
    trail.record(None, "person.appoint", user.pk, name=user.username, before=before, after=after)


def _facts(course: Course) -> dict[str, Any]:
    """What a document says of a course itself, as it is; limits by the document's names."""
    rows = Limit.objects.filter(course=course, user=None)
    limits = {(row.scope, row.name): None if row.value is None else figure(row.value) for row in rows}
    named = {name: limits[which] for name, which in IMPORTED.items() if which in limits}
    return {"title": course.title, "project_id": course.project_id, **named}


def _roles(course: Course) -> dict[str, str]:
    return dict(course.memberships.values_list("user__username", "role"))


def _record(course: Course, deed: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    was, became = trail.differing(before, after)
    if was or became:
        trail.record(None, f"course.{deed}", course.pk, name=course.title, course=course.name, before=was, after=became)
