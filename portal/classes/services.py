"""What those who lead a class have done for all of it. Everything can be looked at before: a preview does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.classes import planning
from portal.classes.models import FAILED, ClassAction, Kind, Part, State
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import FolderUse, Wish, cluster_of
from portal.courses.limits import hours_at_most
from portal.courses.models import Course, Role
from portal.courses.rights import Deed
from portal.courses.services import permitted
from portal.refusals import Conflict, Invalid, NotFound
from portal.trail.services import record

MOST_AT_ONCE = 50
MOST_HOURS = 8760
FARTHEST = timedelta(days=180)
RECENT = 50  # clusters of which it is asked how long they took


@dataclass(frozen=True)
class StartWish:
    """`wish` is what each student shall have, for `hours` from `ready_at` on; `students` are names, None is all."""

    wish: Wish
    ready_at: datetime
    hours: int
    at_once: int = 10
    students: tuple[str, ...] | None = None


def led(user: User, course_id: UUID) -> Course:
    """Raises NotFound, NotAllowed for those who may see the course, and Conflict where it is archived."""
    return permitted(user, course_id, Deed.LEAD_CLASS)


def plan_start(actor: User, course: Course, wanted: StartWish) -> ClassAction:
    """Raises Invalid, Conflict."""
    students = students_of(course, wanted)
    sample(course, students[0], wanted)
    action = ClassAction(
        course=course,
        kind=Kind.START,
        actor=actor,
        begins_at=begins_at(wanted, len(students)),
        hours=wanted.hours,
        wish=stored(wanted.wish),
        profile=_name_of_profile(course, wanted.wish),
        ready_at=wanted.ready_at,
        at_once=wanted.at_once,
        for_all=wanted.students is None,
    )
    parts = [] if action.for_all else [Part(action=action, user=user) for user in students]
    return _save(action, parts, {"ready_at": wanted.ready_at.isoformat(), "students": len(students)})


def extend_all(actor: User, course: Course, hours: int) -> ClassAction:
    """Lets each cluster of the course end so many hours later. Raises Invalid, Conflict."""
    require_hours(hours)
    action = ClassAction(course=course, kind=Kind.EXTEND, actor=actor, begins_at=timezone.now(), hours=hours)
    return _of_clusters(action, {"hours": hours})


def require_hours(hours: int) -> None:
    if not 1 <= hours <= MOST_HOURS:
        raise Invalid.of({"hours": f"must be from 1 to {MOST_HOURS}"})


def end_all(actor: User, course: Course, confirm: str) -> ClassAction:
    """Ends each cluster of the course; `confirm` is the course's name. Raises Invalid, Conflict."""
    if confirm != course.name:
        raise Invalid.of({"confirm": f"must be the course's name, {course.name}"})
    return _of_clusters(ClassAction(course=course, kind=Kind.END, actor=actor, begins_at=timezone.now()), {})


def cancel(actor: User, action: ClassAction) -> None:
    """What waits is done no more; what is done stays. One that has ended stays so."""
    with transaction.atomic():
        now = timezone.now()
        if not ClassAction.objects.filter(pk=action.pk, ended_at=None).update(
            ended_at=now, began_at=action.began_at or now
        ):
            return
        left = action.parts.filter(state=State.WAITING).update(state=State.CANCELLED, decided_at=now)
        record(actor, "class.cancel", action.pk, name=action.kind, course=action.course.name, after={"parts": left})


def actions_of(course: Course) -> QuerySet[ClassAction]:
    """With how many of their parts are in which state. What was made and failed is not counted as done."""
    got, lost = Q(parts__made__failure__isnull=True), Q(parts__made__failure__isnull=False)
    counted = {state.value: Count("parts", filter=Q(parts__state=state) & got) for state in State}
    counted[FAILED] = Count("parts", filter=lost)
    return ClassAction.objects.filter(course=course).select_related("actor", "course").annotate(**counted)


def find(course: Course, action_id: UUID) -> ClassAction:
    """Raises NotFound."""
    action = actions_of(course).filter(pk=action_id).first()
    if action is None:
        raise NotFound("action for a class")
    return action


def parts_of(action: ClassAction) -> QuerySet[Part]:
    return action.parts.select_related("user", "cluster", "made").order_by("user__username", "id")


def clusters_of(course: Course, kind: Kind) -> QuerySet[Cluster]:
    """On which everything for all is done, whosesoever they are. One that failed has an end, but is there until it is
    deleted."""
    found = Cluster.objects.filter(course=course, target=Status.READY).select_related("owner", "course")
    if kind == Kind.EXTEND:
        found = found.exclude(status=Status.FAILED)
    return found.order_by("owner__username", "name")


def students_of(course: Course, wanted: StartWish) -> list[User]:
    """For whom something would be started, by name. Raises Invalid, Conflict."""
    if wrong := _wrong_fields(wanted):
        raise Invalid.of(wrong)
    students = User.objects.filter(memberships__course=course, memberships__role=Role.STUDENT).order_by("username")
    if wanted.students is not None:
        students = students.filter(username__in=wanted.students)
    found = list(students)
    if unknown := sorted(set(wanted.students or ()) - {user.username for user in found}):
        raise Invalid.of({"students": f"no students of this course: {', '.join(unknown)}"})
    if not found:
        raise Conflict(f"{course.title} has no students.", "Put them on the roster first.")
    return found


def sample(course: Course, student: User, wanted: StartWish) -> Cluster:
    """One such cluster, not saved. Raises what is wrong with the wish."""
    most = hours_at_most(student, [course])[course.pk]
    cluster, _ = cluster_of(student, course, replace(wanted.wish, hours=wanted.hours), most)
    return cluster


def begins_at(wanted: StartWish, students: int) -> datetime:
    recent = Cluster.objects.filter(ready_at__isnull=False, spec__framework=wanted.wish.framework)
    times = recent.order_by("-created_at").values_list("created_at", "ready_at")[:RECENT]
    usual = planning.usual_time(ready - created for created, ready in times if ready)
    return planning.begins_at(wanted.ready_at, students, wanted.at_once, usual, timezone.now())


def stored(wish: Wish) -> dict[str, Any]:
    return asdict(wish)


def restored(said: Mapping[str, Any]) -> Wish:
    return Wish(**{**said, "folders": tuple(FolderUse(**use) for use in said["folders"])})


def _name_of_profile(course: Course, wish: Wish) -> str:
    return course.profiles.filter(pk=wish.profile).values_list("name", flat=True).first() or "" if wish.profile else ""


def _wrong_fields(wanted: StartWish) -> dict[str, str]:
    now = timezone.now()
    wrong = {}
    if not now - timedelta(minutes=1) <= wanted.ready_at <= now + FARTHEST:
        wrong["ready_at"] = f"must be a moment of the next {FARTHEST.days} days"
    if not 1 <= wanted.hours <= MOST_HOURS:
        wrong["hours"] = f"must be from 1 to {MOST_HOURS}"
    if not 1 <= wanted.at_once <= MOST_AT_ONCE:
        wrong["at_once"] = f"must be from 1 to {MOST_AT_ONCE}"
    return wrong


def _of_clusters(action: ClassAction, after: Mapping[str, Any]) -> ClassAction:
    found = list(clusters_of(action.course, Kind(action.kind)))
    if not found:
        raise Conflict(f"{action.course.title} has no cluster now.", "There is nothing to do.")
    parts = [Part(action=action, user=cluster.owner, cluster=cluster) for cluster in found]
    return _save(action, parts, {**after, "clusters": len(found)})


def _save(action: ClassAction, parts: list[Part], after: Mapping[str, Any]) -> ClassAction:
    with transaction.atomic():
        action.save(force_insert=True)
        Part.objects.bulk_create(parts)
        record(
            action.actor, f"class.{action.kind}", action.pk,
            name=action.wish["name"] if action.wish else "", course=action.course.name, after=after,
        )  # fmt: skip
    return action
