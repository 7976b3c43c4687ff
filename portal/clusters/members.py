"""The people of a course with what they have there, and what becomes of it when they leave."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, DateTimeField, F, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from billing import credit
from portal.accounts.models import User
from portal.clusters import services as clusters
from portal.clusters.models import Cluster, Status
from portal.courses import members
from portal.courses.models import Course, Limit, Membership, Role
from portal.courses.roster import Plan


@dataclass(frozen=True)
class Member:
    """`credits` is what the person may spend at most, `spent` what they have; `active_at` is when they last created a
    cluster or ran a job."""

    membership: Membership
    clusters: int
    active_at: datetime | None
    spent: Decimal
    credits: Decimal | None

    @property
    def username(self) -> str:
        return self.membership.user.username


def roster(course: Course) -> QuerySet[Membership]:
    """By name, each with what `described` reads."""
    mine = Cluster.objects.filter(course=course, owner=OuterRef("user"))
    jobs = mine.values("owner").annotate(last=Max("jobs__created_at")).values("last")
    made = mine.values("owner").annotate(last=Max("created_at")).values("last")
    present = mine.exclude(status=Status.DELETED).values("owner").annotate(number=Count("pk")).values("number")
    return (
        course.memberships.select_related("user")
        .annotate(
            clusters=Coalesce(Subquery(present, output_field=IntegerField()), 0),
            # PostgreSQL's GREATEST passes over what is null.
            username=F("user__username"),
            active_at=Greatest(Subquery(jobs), Subquery(made), output_field=DateTimeField()),
        )
        .order_by("username")
    )


def described(course: Course, rows: Iterable[Any]) -> list[Member]:
    """Rows of `roster`."""
    spent = credit.spending(course.name)
    of_students = Limit.objects.filter(course=course, name="credits", scope=Limit.Scope.STUDENT)
    allowed: dict[int | None, Decimal | None] = dict(of_students.values_list("user_id", "value"))
    return [
        Member(
            membership=row,
            clusters=row.clusters,
            active_at=row.active_at,
            spent=spent.get(row.user.username, Decimal()),
            credits=allowed.get(row.user_id, allowed.get(None)) if row.role == Role.STUDENT else None,
        )
        for row in rows
    ]


def present_clusters(course: Course, usernames: Collection[str]) -> list[Cluster]:
    """Those that would go on where these people left the course."""
    going_on = Cluster.objects.filter(course=course, owner__username__in=usernames, target=Status.READY)
    return list(going_on.select_related("owner", "course").order_by("owner__username", "name"))


def remove(actor: User, course_id: UUID, username: str, *, end_clusters: bool) -> list[Cluster]:
    """Takes somebody out of the course; the clusters that this left behind, which end only where that is asked for."""
    with transaction.atomic():
        course = members.remove(actor, course_id, username)
        return _leave(actor, course, [username], end_clusters)


def bring(actor: User, course: Course, wanted: Plan, *, end_clusters: bool) -> list[Cluster]:
    """As `remove`, for all changes of a list."""
    with transaction.atomic():
        members.bring(actor, course, wanted)
        return _leave(actor, course, wanted.removed, end_clusters)


def _leave(actor: User, course: Course, usernames: Collection[str], end_clusters: bool) -> list[Cluster]:
    left = present_clusters(course, usernames)
    for cluster in left if end_clusters else ():
        clusters.delete(actor, cluster)
    return left
