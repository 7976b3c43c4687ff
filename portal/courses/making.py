"""Making courses, changing them, and ending them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.cloud import identity
from portal.courses import passes
from portal.courses.models import Course, Membership, Role
from portal.courses.rights import Deed, may
from portal.courses.services import OF_NEW_COURSES, find, limit_by_default, parts_of, permitted
from portal.refusals import Conflict, Invalid, NotAllowed, NotFound
from portal.text import is_one_line
from portal.trail import services as trail

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
TITLE_LIMIT = 120
LONGEST_KEEPING = 3650  # days
# What may be changed in a course, by the names of its fields.
CHANGEABLE = ("title", "starts_on", "ends_on", "profiles_only", "idle_minutes", "idle_off_until")
IDLE_MINUTES = (15, 7 * 24 * 60)  # of these a course may choose: less would end what is only being thought about


@dataclass(frozen=True)
class CourseWish:
    """`name` never changes: it is what the ledger calls the course. Without a `project` (an id) the portal makes it."""

    name: str
    title: str
    project: str = ""
    starts_on: date | None = None
    ends_on: date | None = None


def create(actor: User, wish: CourseWish) -> Course:
    """A new course, of which the actor is a teacher; an administrator stays what he is.

    Raises NotAllowed, Invalid with every wrong field, Conflict, and CloudUnavailable where a named project cannot be
    looked up."""
    if not may(Deed.MAKE_COURSE, parts_of(actor)):
        raise NotAllowed(f"You may not {Deed.MAKE_COURSE}.", "Ask an administrator to let you, or to make it for you.")
    wrong = _wrong_name(wish.name) | _wrong_fields(vars(wish)) | _wrong_project(actor, wish.project)
    if wrong:
        raise Invalid.of(wrong)
    try:
        with transaction.atomic():
            course = Course.objects.create(
                name=wish.name,
                title=wish.title,
                project_id=wish.project,
                starts_on=wish.starts_on,
                ends_on=wish.ends_on,
            )
            limit_by_default(course, OF_NEW_COURSES)
            if not actor.is_administrator:
                Membership.objects.create(course=course, user=actor, role=Role.TEACHER)
            _record(actor, "create", course, after=_shown(course, ("title", "project_id", "starts_on", "ends_on")))
            if not course.project_id:
                passes.wake(course, passes.PROJECTS)
    except IntegrityError as error:
        raise _taken(wish, error) from error
    return course


def change(actor: User, course_id: UUID, changes: Mapping[str, Any]) -> Course:
    """`changes` by the names in CHANGEABLE. Raises NotFound, NotAllowed, Invalid, Conflict where it is archived."""
    permitted(actor, course_id, Deed.CHANGE_COURSE)
    with transaction.atomic():
        course = Course.objects.select_for_update().get(pk=course_id)
        before = {name: getattr(course, name) for name in CHANGEABLE}
        after = before | {name: value for name, value in changes.items() if name in CHANGEABLE}
        if wrong := _wrong_fields(after):
            raise Invalid.of(wrong)
        changed = [name for name in CHANGEABLE if after[name] != before[name]]
        if changed:
            was = _shown(course, changed)
            for name in changed:
                setattr(course, name, after[name])
            course.save(update_fields=changed)
            _record(actor, "change", course, before=was, after=_shown(course, changed))
    return course


def archive(actor: User, course_id: UUID, confirm: str, keep_folders_days: int) -> Course:
    """Ends the course: its clusters end now, its folders after so many days; what was spent stays to be read for ever.

    A course that is archived stays as it is. `confirm` is its name, so that nobody ends one by mistake.
    Raises NotFound, NotAllowed, Invalid."""
    course = permitted(actor, course_id, Deed.ARCHIVE_COURSE)
    wrong = {}
    if confirm != course.name:
        wrong["confirm"] = f"must be the course's name, {course.name}"
    if not 0 <= keep_folders_days <= LONGEST_KEEPING:
        wrong["keep_folders_days"] = f"must be from 0 to {LONGEST_KEEPING}"
    if wrong:
        raise Invalid.of(wrong)
    with transaction.atomic():
        now = timezone.now()
        until = now + timedelta(days=keep_folders_days)
        if Course.objects.filter(pk=course.pk, archived_at=None).update(archived_at=now, folders_until=until):
            _record(actor, "archive", course, after={"folders_until": until.isoformat()})
            passes.wake(course, passes.CLUSTERS)
            passes.wake(course, passes.FOLDERS)
    return find(actor, course_id)


def makers(actor: User) -> QuerySet[User]:
    """Who may make courses, beside administrators. Raises NotAllowed."""
    _require_appointer(actor)
    return User.objects.filter(may_make_courses=True).order_by("username")


def appoint(actor: User, username: str, *, may_make_courses: bool) -> User:
    """Lets somebody make courses, or no longer.

    Raises NotAllowed, Invalid, NotFound where nobody of that name is known."""
    _require_appointer(actor)
    with transaction.atomic():
        known = User.objects.select_for_update().filter(username=username)
        user = known.first() if is_one_line(username) else None
        if user is None:
            raise NotFound("person; who has never logged in must be in some course first")
        if user.is_service and may_make_courses:
            raise Invalid.of({"username": f"no person but a service account: {username}"})
        if user.may_make_courses != may_make_courses:
            user.may_make_courses = may_make_courses
            user.save(update_fields=["may_make_courses"])
            trail.record(
                actor, "person.appoint", user.pk, name=user.username,
                before={"may_make_courses": not may_make_courses}, after={"may_make_courses": may_make_courses},
            )  # fmt: skip
    return user


def _require_appointer(actor: User) -> None:
    if not may(Deed.APPOINT, parts_of(actor)):
        raise NotAllowed(f"You may not {Deed.APPOINT}.", "Ask an administrator.")


def _wrong_name(name: str) -> dict[str, str]:
    if NAME.fullmatch(name):
        return {}
    return {"name": "must be 1 to 60 small letters, digits and hyphens, with no hyphen at either end"}


def _wrong_fields(said: Mapping[str, Any]) -> dict[str, str]:
    wrong = {}
    if not said["title"].strip() or len(said["title"]) > TITLE_LIMIT or not is_one_line(said["title"]):
        wrong["title"] = f"must be one line of 1 to {TITLE_LIMIT} characters"
    if said["starts_on"] and said["ends_on"] and said["ends_on"] < said["starts_on"]:
        wrong["ends_on"] = "must not be before the course starts"
    least, most = IDLE_MINUTES
    if said.get("idle_minutes") is not None and not least <= said["idle_minutes"] <= most:
        wrong["idle_minutes"] = f"must be from {least} to {most}, or nothing: then no cluster ends for being idle"
    return wrong


def _wrong_project(actor: User, project: str) -> dict[str, str]:
    if not project:
        if settings.PROVISIONER:
            return {}
        who = "name a project" if actor.is_administrator else "ask an administrator, who names one,"
        return {"project": f"this portal may not make projects in the cloud: {who} that is there already"}
    if not actor.is_administrator:
        return {"project": "only an administrator names one; leave it out, and the portal makes it"}
    known = {each.id: each.name for each in identity.projects()}
    if project not in known:
        names = ", ".join(f"{each} ({name})" for each, name in sorted(known.items())) or "none"
        return {"project": f"the portal's user has no role in it; it has one in {names}"}
    return {}


def _taken(wish: CourseWish, error: IntegrityError) -> Conflict | IntegrityError:
    if Course.objects.filter(name=wish.name).exists():
        return Conflict(f"There is a course {wish.name!r}, or was.", "Choose another name.")
    if Course.objects.filter(project_id=wish.project).exists():
        return Conflict("This project is another course's.", "Name another project.")
    return error


def _shown(course: Course, names: Any) -> dict[str, Any]:
    """Values of fields, as JSON can hold them."""
    values = {name: getattr(course, name) for name in names}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _record(actor: User, deed: str, course: Course, **changes: Mapping[str, Any]) -> None:
    trail.record(actor, f"course.{deed}", course.pk, name=course.title, course=course.name, **changes)
