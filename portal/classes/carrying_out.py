"""A pass over an action for a class: one part after the other, each in a transaction of its own together with what it
does, so that a pass that is killed anywhere does nothing twice and leaves nothing out."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User
from portal.classes import planning
from portal.classes.models import ClassAction, Kind, Part, State
from portal.classes.services import restored
from portal.clusters import services as clusters
from portal.clusters.life import lifetime
from portal.clusters.models import Cluster, Status
from portal.courses.limits import hours_at_most
from portal.courses.models import Role
from portal.courses.rights import Deed, may
from portal.courses.services import parts_of
from portal.locks import try_lock
from portal.refusals import Refusal

log = logging.getLogger(__name__)

LONGEST_PASS = 10  # seconds, after which others have their turn
PATIENCE = timedelta(hours=1)  # after it should be done: what could not even be tried until then is given up
PASSING = 503  # the status of refusals that are over in a moment
FAULT = "A fault of the portal's own; its administrator finds it in the log."


class _DecidedMeanwhile(Exception):
    """By a cancellation: what was about to be done is rolled back."""


def carry_on() -> None:
    """One pass over all actions whose time has come."""
    due = ClassAction.objects.filter(ended_at=None, begins_at__lte=timezone.now()).select_related("actor", "course")
    for action in due.order_by("begins_at"):
        with try_lock(f"class action {action.pk}") as held:
            if held:
                _advance(action)


def _advance(action: ClassAction) -> None:
    _begin(action)
    end = time.monotonic() + LONGEST_PASS
    late = timezone.now() > (action.ready_at or action.begins_at) + PATIENCE
    waiting = Part.objects.filter(action=action, state=State.WAITING).select_related("user", "cluster").order_by("id")
    if why := _why_not(action):
        waiting.update(state=State.REFUSED, reason=why, decided_at=timezone.now())
    for part in waiting:
        if time.monotonic() > end or not _has_room(action):
            return
        if not _do(action, part, late):
            return
    ClassAction.objects.filter(pk=action.pk, ended_at=None).update(ended_at=timezone.now())


def _begin(action: ClassAction) -> None:
    """Who is on the roster now gets a part, where the action is for all."""
    with transaction.atomic():
        if not ClassAction.objects.filter(pk=action.pk, began_at=None).update(began_at=timezone.now()):
            return
        if action.for_all:
            members = Q(memberships__course=action.course_id, memberships__role=Role.STUDENT)
            students = User.objects.filter(members).order_by("username")
            Part.objects.bulk_create(Part(action=action, user=student) for student in students)


def _why_not(action: ClassAction) -> str:
    """Why nothing more of it is done, whatever its parts are; empty where it goes on."""
    if not may(Deed.LEAD_CLASS, parts_of(action.actor, action.course)):
        return f"{action.actor.username}, who asked for it, may no longer {Deed.LEAD_CLASS}."
    began_at = ClassAction.objects.values_list("began_at", flat=True).get(pk=action.pk)
    if action.ready_at and planning.is_over(action.ready_at, action.hours, began_at, timezone.now(), PATIENCE):
        return "It is too late for it: the clusters should have been ready long ago."
    return ""


def _has_room(action: ClassAction) -> bool:
    """So many clusters are being made side by side, and no more."""
    if action.kind != Kind.START:
        return True
    return Cluster.objects.filter(pk__in=action.parts.values("made"), status=Status.CREATING).count() < action.at_once


def _do(action: ClassAction, part: Part, late: bool) -> bool:
    """Whether the part is decided; one that cannot be tried at the moment waits for the next pass, until it is late."""
    reason = ""
    try:
        with transaction.atomic():
            made = _DEEDS[Kind(action.kind)](action, part)
            if not _decide(part, State.DONE, made=made):
                raise _DecidedMeanwhile
    except _DecidedMeanwhile:
        return True
    except Refusal as refusal:
        reason = refusal.detail
        if refusal.status == PASSING and not late:
            Part.objects.filter(pk=part.pk, state=State.WAITING).update(reason=reason[:1000])
            return False
    except Exception:  # one student's trouble must not keep the others from their clusters
        log.exception("Part %s of class action %s cannot be done", part.pk, action.pk)
        reason = FAULT
    if reason:
        _decide(part, State.REFUSED, reason=reason[:1000])
    return True


def _decide(part: Part, state: State, made: Cluster | None = None, reason: str = "") -> bool:
    waiting = Part.objects.filter(pk=part.pk, state=State.WAITING)
    return bool(waiting.update(state=state, made=made, reason=reason, decided_at=timezone.now()))


def _start(action: ClassAction, part: Part) -> Cluster:
    assert action.ready_at
    assert action.wish
    bound = hours_at_most(part.user, [action.course])[action.course_id]
    hours = planning.hours_from(timezone.now(), action.ready_at, action.hours, bound)
    return clusters.create(part.user, restored({**action.wish, "hours": hours}), actor=action.actor)


def _extend(action: ClassAction, part: Part) -> None:
    assert part.cluster
    lifetime.extend(action.actor, part.cluster, action.hours)


def _end(action: ClassAction, part: Part) -> None:
    assert part.cluster
    clusters.delete(action.actor, part.cluster)


_DEEDS = {Kind.START: _start, Kind.EXTEND: _extend, Kind.END: _end}
