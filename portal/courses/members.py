"""Changing who is in a course: one by one, by a list, by a group of Keystone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.conf import settings

from portal.accounts.models import User
from portal.cloud import provisioner
from portal.courses.models import Course, Limit, Membership, Role
from portal.courses.rights import Deed
from portal.courses.roster import Line, Plan, plan
from portal.courses.services import permitted
from portal.locks import allocating
from portal.refusals import Conflict, Invalid, NotFound
from portal.text import is_one_line
from portal.trail import services as trail


def add(actor: User, course_id: UUID, username: str, role: Role) -> Membership:
    """Whoever is in the course already has this role from now on. Raises NotFound, NotAllowed, Invalid, Conflict."""
    course = permitted(actor, course_id, Deed.CHANGE_ROSTER)
    if not username.strip() or len(username) > 255 or not is_one_line(username):
        raise Invalid.of({"username": "must be one line of 1 to 255 characters"})
    _require_another(actor, course, username)
    bring(actor, course, plan([Line(username, role)], _roles(course), {}, remove_others=False))
    return course.memberships.select_related("user").get(user__username=username)


def change_role(actor: User, course_id: UUID, username: str, role: Role) -> Membership:
    """Raises NotFound, NotAllowed, Conflict."""
    course = permitted(actor, course_id, Deed.CHANGE_ROSTER)
    find(course, username)
    return add(actor, course_id, username, role)


def remove(actor: User, course_id: UUID, username: str) -> Course:
    """The person keeps what is theirs until its end. Raises NotFound, NotAllowed, Conflict."""
    course = removable_from(actor, course_id, username)
    bring(actor, course, Plan((), (), 0, (username,)))
    return course


def removable_from(actor: User, course_id: UUID, username: str) -> Course:
    """The course, where the actor may take this member out of it. Raises NotFound, NotAllowed, Conflict."""
    course = permitted(actor, course_id, Deed.CHANGE_ROSTER)
    find(course, username)
    _require_another(actor, course, username)
    return course


def preview(actor: User, course_id: UUID, lines: Sequence[Line], *, remove_others: bool) -> tuple[Course, Plan]:
    """What a list would change. Raises NotFound, NotAllowed, Conflict."""
    course = permitted(actor, course_id, Deed.CHANGE_ROSTER)
    rows = Limit.objects.filter(course=course, name="credits").exclude(user=None)
    given = dict(rows.values_list("user__username", "value"))
    return course, plan(lines, _roles(course), given, remove_others=remove_others, actor=actor.username)


def of_group(group: str, role: Role) -> list[Line]:
    """The members of a group of Keystone as a list. Raises Invalid, Conflict, CloudUnavailable, CloudRefused."""
    if settings.PROVISIONER is None:
        raise Conflict(
            "This portal has no credential that may read groups in the cloud.",
            "Import a CSV file, or ask your administrator: SLIPWAY_PROVISIONER_CLOUD names such a credential.",
        )
    try:
        names = provisioner.members_of_group(group)
    except provisioner.NoSuchGroup:
        raise Invalid.of({"group": f"there is no group {group!r} in the cloud"}) from None
    if not names:
        raise Invalid.of({"group": f"nobody is in {group!r}"})
    return [Line(name, role) for name in names]


def find(course: Course, username: str) -> Membership:
    membership = course.memberships.select_related("user").filter(user__username=username).first()
    if membership is None:
        raise NotFound("member of this course")
    return membership


def bring(actor: User, course: Course, wanted: Plan) -> None:
    """Makes the course what the plan says. Raises Invalid, Busy."""
    lines = {line.username: line for line in (*wanted.added, *wanted.changed)}
    if not lines and not wanted.removed:
        return
    with allocating(course):  # a list may lower what its people may spend
        _bring(actor, course, wanted, lines)


def _bring(actor: User, course: Course, wanted: Plan, lines: dict[str, Line]) -> None:
    services = User.objects.filter(username__in=lines).exclude(service_scopes=None)
    if names := ", ".join(services.order_by("username").values_list("username", flat=True)):
        raise Invalid.of({"username": f"no person but a service account: {names}"})
    before = _roles(course)
    User.objects.bulk_create([User(username=name) for name in lines], ignore_conflicts=True)
    users = {user.username: user for user in User.objects.filter(username__in=lines)}
    Membership.objects.bulk_create(
        [Membership(course=course, user=user, role=lines[name].role) for name, user in users.items()],
        update_conflicts=True,
        unique_fields=["course", "user"],
        update_fields=["role"],
    )
    _set_credits(course, {users[name]: line.credits for name, line in lines.items() if line.credits is not None})
    course.memberships.filter(user__username__in=wanted.removed).delete()
    named = {*lines, *wanted.removed}
    trail.record(
        actor, "course.roster", course.pk, name=course.title, course=course.name,
        before={name: role for name, role in before.items() if name in named},
        after={name: _said(line) for name, line in lines.items()},
    )  # fmt: skip


def _said(line: Line) -> str:
    return f"{line.role}, {line.credits} credits" if line.credits is not None else line.role


def _set_credits(course: Course, credits: dict[User, Decimal]) -> None:
    Limit.objects.filter(course=course, name="credits", user__in=credits).delete()
    Limit.objects.bulk_create(
        Limit(course=course, scope=Limit.Scope.STUDENT, user=user, name="credits", value=value)
        for user, value in credits.items()
    )


def _roles(course: Course) -> dict[str, str]:
    return dict(course.memberships.values_list("user__username", "role"))


def _require_another(actor: User, course: Course, username: str) -> None:
    """Nobody shuts themselves out, nor makes themselves less, by mistake."""
    if username == actor.username and course.memberships.filter(user=actor).exists():
        raise Conflict(
            "You cannot change your own place in a course.", "Ask another teacher of the course, or an administrator."
        )
