"""When credits end: warned at 80 and at 100 per cent, then a time of grace, then what costs is ended. Folders stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing import credit, prices
from billing.credit import Exhausted
from portal import live
from portal.accounts.models import User
from portal.apart import apart
from portal.clusters import services
from portal.clusters.accounting import pricing
from portal.clusters.life import ends
from portal.clusters.models import Cluster, CreditWarning, Status
from portal.courses.models import Course, Limit, Role
from portal.letters.services import write
from portal.locks import try_lock

LEVELS = (CreditWarning.ALL, 80)  # per cent
RECENT = timedelta(minutes=15)  # charges come once an hour, and those who only have folders need no look in between
LIVE = Q(target=Status.READY, status__in=(Status.CREATING, Status.READY, Status.UPDATING))


def look() -> None:
    with try_lock("credits") as held:
        if held:
            for course in spending():
                with apart("credits of the course", course.name):
                    look_at(course, timezone.now())


def spending() -> QuerySet[Course]:
    """Courses whose credits may come to their end: folders and what other services lend use them up as clusters do."""
    running = Q(pk__in=Cluster.objects.filter(LIVE).values("course"))
    drawn_on = Q(name__in=credit.drawn_on(timezone.now() - RECENT), archived_at=None)
    warned = Q(pk__in=CreditWarning.objects.values("course"))
    return Course.objects.filter(running | drawn_on | warned)


def look_at(course: Course, now: datetime) -> None:
    """Each level is told once; who has credits again is told anew when these end."""
    found = _found(course)
    warned = {(each.person, each.percent): each for each in _still_true(course, found)}
    for person, exhausted in found.items():
        level = next(level for level in LEVELS if exhausted.percent >= level)
        earlier = warned.get((person, level))
        if earlier is None:
            _warn(course, exhausted, level, now)
        elif level == max(LEVELS) and now >= earlier.at + settings.CREDIT_GRACE:
            _end(course, person)


def take_back(course: Course) -> None:
    """Warnings that are true no more go, as when somebody has given credits."""
    _still_true(course, _found(course))


def _found(course: Course) -> dict[str, Exhausted]:
    return {each.person: each for each in credit.exhausted(course.name, _caps(course), min(LEVELS))}


def _still_true(course: Course, found: Mapping[str, Exhausted]) -> list[CreditWarning]:
    """The course's warnings; the others go, and open pages show them no more."""
    staying = []
    for warning in CreditWarning.objects.filter(course=course):
        if warning.person in found and found[warning.person].percent >= warning.percent:
            staying.append(warning)
        else:
            with transaction.atomic():
                warning.delete()
                _show(course, warning.person)
    return staying


def _caps(course: Course) -> dict[str, Decimal | None]:
    """What each student may spend, by their names, and who has left the course while something of theirs runs on."""
    limits = Limit.objects.filter(course=course, scope=Limit.Scope.STUDENT, name="credits")
    values = {limit.user.username if limit.user else None: limit.value for limit in limits.select_related("user")}
    students = Q(memberships__course=course, memberships__role=Role.STUDENT)
    owners = Q(pk__in=Cluster.objects.filter(LIVE, course=course).values("owner"), is_administrator=False)
    leaders = course.memberships.exclude(role=Role.STUDENT).values("user")
    bound = User.objects.filter(students | owners).exclude(pk__in=leaders).distinct()
    return {name: values.get(name, values.get(None)) for name in bound.values_list("username", flat=True)}


def _warn(course: Course, exhausted: Exhausted, level: int, now: datetime) -> None:
    with transaction.atomic():
        CreditWarning.objects.create(course=course, person=exhausted.person, percent=level, at=now)
        whose = "Your credits" if exhausted.person else "The credits"
        end_at = now + settings.CREDIT_GRACE if level == max(LEVELS) else None
        message = ends.credits_end(whose, course.title, exhausted.spent, exhausted.allowed, end_at)
        for person in _concerned(course, exhausted.person):
            # A name may be longer than a key: whose credits they are is said by the reader's own id.
            of = "own" if exhausted.person else "all"
            key = f"credits {course.pk} {of} {level} {now.isoformat()} {person.pk}"
            write(key, person, message.subject, message.text)
        _show(course, exhausted.person)


def _show(course: Course, person: str) -> None:
    """The pages of the clusters that it is about say it, though they are open."""
    clusters = Cluster.objects.filter(LIVE, course=course, **({"owner__username": person} if person else {}))
    live.notify(*(live.cluster_topic(pk) for pk in clusters.values_list("pk", flat=True)))


def _concerned(course: Course, person: str) -> Iterable[User]:
    """Of a whole course who has clusters there, and who leads it."""
    if person:
        return User.objects.filter(username=person)
    leaders = Q(memberships__course=course, memberships__role__in=(Role.TEACHER, Role.ASSISTANT))
    owners = Q(pk__in=Cluster.objects.filter(LIVE, course=course).values("owner"))
    return User.objects.filter(leaders | owners).distinct()


def _end(course: Course, person: str) -> None:
    clusters = Cluster.objects.filter(LIVE, course=course).select_related("course", "owner").prefetch_related("nodes")
    for cluster in clusters.filter(owner__username=person) if person else clusters:
        with apart("credits of the cluster", cluster.pk):
            nodes = pricing.machines(cluster.sizes, [node.role for node in cluster.nodes.all()])
            if prices.hourly(nodes, timezone.now()):
                services.end(cluster, f"{'your credits' if person else 'the credits'} in {course.title} are used up")
