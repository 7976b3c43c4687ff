"""The stacks of all courses' projects beside what the portal believes and what the ledger charges. Read only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from uuid import UUID

from django.db.models import Count, Max, Q
from django.utils import timezone

from billing.models import Meter
from portal.audit import blocking, redaction
from portal.audit.asking import AT_ONCE, PATIENCE, Report, answers
from portal.audit.comparison import Belief, Charge, Row, compare
from portal.cloud import stack_details, stacks
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.cloud.stack_details import Details, Event, Resource
from portal.cloud.stacks import Stack
from portal.clusters.life.reconciler import STACK_NAME
from portal.clusters.models import Cluster, Status
from portal.courses.models import Course
from portal.refusals import NotFound, Unavailable

RECENTLY = timedelta(days=1)  # in which an ended cluster is still compared with the ledger


@dataclass(frozen=True)
class Inside:
    """One stack as the cloud has it, and the row in which it stands; of both nothing that is secret."""

    course: Course
    row: Row
    resources: tuple[Resource, ...]
    events: tuple[Event, ...]
    parameters: Mapping[str, str]
    template: str
    blocker: Resource | None
    in_state_since: datetime | None
    servers: int


def reports(courses: Sequence[Course]) -> list[Report[Row]]:
    """One request for each project, and as many queries for many courses as for one."""
    known, troubles = answers(courses, stacks.list_every)
    rows = _compared(known)
    return [
        Report(course, rows[course]) if course in rows else Report(course, (), troubles[course]) for course in courses
    ]


def look_into(stack_id: UUID, course_id: UUID | None = None) -> Inside:
    """`course_id`, where it is known, spares a search. Raises NotFound, Unavailable."""
    course = _course_of(str(stack_id), course_id)
    try:
        details = stack_details.details(course.project_id, str(stack_id), PATIENCE) if course else None
    except (CloudUnavailable, CloudRefused) as error:
        raise Unavailable(f"The cloud does not answer: {error}", "Try again in a minute.") from error
    if course is None or details is None:
        raise NotFound("stack")
    rows = _compared({course: [details.stack]})[course]
    return _inside(course, next(row for row in rows if row.stack), details)


def _inside(course: Course, row: Row, details: Details) -> Inside:
    return Inside(
        course,
        row,
        details.resources,
        details.events,
        redaction.shown_values(details.parameters, details.template),
        redaction.readable(details.template, details.stack.ours),
        blocking.blocker(details.resources),
        blocking.in_state_since(details.stack, details.events),
        blocking.servers(details.resources),
    )


def _compared(known: dict[Course, list[Stack]]) -> dict[Course, tuple[Row, ...]]:
    now = timezone.now()
    beliefs = _beliefs(known)
    charges = _charges([belief.id for found in beliefs.values() for belief in found])
    return {course: tuple(compare(found, beliefs.get(course.pk, ()), charges, now)) for course, found in known.items()}


def _beliefs(known: dict[Course, list[Stack]]) -> dict[UUID, list[Belief]]:
    """Clusters that are there, that have a stack, that are charged, or that have ended a short time ago."""
    named = [match[1] for found in known.values() for stack in found if (match := STACK_NAME.fullmatch(stack.name))]
    running = Meter.objects.filter(kind=Meter.Kind.NODE, course__in=[course.name for course in known], ended_at=None)
    wanted = ~Q(status=Status.DELETED) | Q(pk__in=named) | Q(pk__in=running.values("subject"))
    wanted |= Q(ended_at__gt=timezone.now() - RECENTLY)
    staying = Count("nodes", filter=Q(nodes__leaving=False))
    beliefs: dict[UUID, list[Belief]] = {}
    for cluster in Cluster.objects.filter(wanted, course__in=known).select_related("owner").annotate(staying=staying):
        beliefs.setdefault(cluster.course_id, []).append(_belief(cluster, cluster.staying))
    return beliefs


def _belief(cluster: Cluster, nodes: int) -> Belief:
    return Belief(
        id=cluster.pk,
        name=cluster.name,
        owner=cluster.owner.username,
        status=cluster.status,
        stack_name=cluster.stack_name,
        stack_id=cluster.stack_id,
        generation=cluster.generation,
        nodes=nodes,
        refused=cluster.change_failure is not None,
        created_at=cluster.created_at,
        ready_at=cluster.ready_at,
        ended_at=cluster.ended_at,
    )


def _charges(clusters: Sequence[UUID]) -> dict[UUID, Charge]:
    counted = Meter.objects.filter(kind=Meter.Kind.NODE, subject__in=clusters).values("subject")
    rows = counted.annotate(running=Count("pk", filter=Q(ended_at=None)), charged_to=Max("measured_to"))
    return {row["subject"]: Charge(row["running"], row["charged_to"]) for row in rows}


def _course_of(stack_id: str, course_id: UUID | None) -> Course | None:
    """In whose project the stack is; of strangers' and orphans only the cloud knows."""
    known = Course.objects.filter(Q(pk=course_id) if course_id else Q(clusters__stack_id=stack_id)).first()
    if known or course_id:
        return known
    courses = list(Course.objects.exclude(project_id=""))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(_has, (course.project_id for course in courses), repeat(stack_id))
        return next((course for course, has in zip(courses, found, strict=True) if has), None)


def _has(project_id: str, stack_id: str) -> bool:
    """A project that cannot be asked holds up no other."""
    try:
        return stack_details.has(project_id, stack_id, PATIENCE)
    except (CloudUnavailable, CloudRefused):
        return False
