"""Which warnings that credits end stand for those whom they concern: the highest of a course, and of a person in it."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from portal.accounts.models import User
from portal.clusters.models import CreditWarning
from portal.courses.models import Course, Membership


def of_course(course: Course) -> QuerySet[CreditWarning]:
    return _highest(Q(course=course))


def of_person_in(course: Course, person: str) -> QuerySet[CreditWarning]:
    """The course's, and those of a person in it."""
    return _highest(Q(course=course, person__in=("", person)))


def of_person(user: User) -> QuerySet[CreditWarning]:
    """In all courses that go on."""
    own = Q(person=user.username)
    whole = Q(person="", course__in=Membership.objects.filter(user=user).values("course"))
    return _highest((own | whole) & Q(course__archived_at=None))


def _highest(wanted: Q) -> QuerySet[CreditWarning]:
    found = CreditWarning.objects.filter(wanted).select_related("course")
    return found.order_by("course_id", "person", "-percent").distinct("course_id", "person")
