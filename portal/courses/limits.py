"""What a course, and each of its students, may have at once. Comparing is pure; what is used others count, from rows.

A limit of None bounds nothing. Whoever leads a course is bound by the course's own limits only. A limit that is lowered
ends nothing that there is: `over` says what is beyond it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from portal.accounts.models import User
from portal.cloud.findings import Promise
from portal.courses.models import Course, Limit, Membership, Role

Figure = int | float | Decimal
MOST_HOURS = 8760  # of one cluster, where no limit bounds them
OF_ONE = ("hours",)  # bounds one thing, and not all that there is together
TITLES = {
    "clusters": "clusters at once",
    "nodes": "nodes",
    "vcpus": "vCPUs",
    "memory_gb": "GB of memory",
    "hdfs_gb": "GB of HDFS",
    "folder_gb": "GB of folders",
    "hours": "hours of one cluster",
    "credits": "credits",
}


@dataclass(frozen=True)
class Limits:
    clusters: int | None = None
    nodes: int | None = None
    vcpus: int | None = None
    memory_gb: int | None = None
    hdfs_gb: int | None = None
    folder_gb: int | None = None
    hours: int | None = None
    credits: Decimal | None = None
    whose: str = "here"  # in words that follow "is the limit"

    def as_mapping(self) -> dict[str, Decimal | None]:
        said = asdict(self)
        return {name: None if said[name] is None else Decimal(said[name]) for name in NAMES}


NAMES = tuple(field.name for field in fields(Limits) if field.name != "whose")


class Excess(NamedTuple):
    """`asked` is what was asked for beside what is `used`; 0 where what there is is itself too much."""

    name: str
    limit: Decimal
    used: Decimal
    asked: Decimal
    whose: str

    @property
    def room(self) -> Decimal:
        return max(self.limit - self.used, Decimal())

    @property
    def words(self) -> str:
        limit = f"{figure(self.limit)} {TITLES[self.name]} is the limit {self.whose}"
        if not self.asked:
            return f"{limit}: {figure(self.used)} in use."
        if self.name in OF_ONE:
            return f"{limit}: {figure(self.asked)} asked for."
        return (
            f"{limit}: {figure(self.used)} in use, {figure(self.asked)} more asked for, "
            f"room for {figure(self.room)} more."
        )


def figure(value: Decimal) -> str:
    """Without zeros that say nothing: 2.5, not 2.500000."""
    return f"{value.normalize():f}"


def excesses(limits: Limits, used: Mapping[str, Figure], asked: Mapping[str, Figure]) -> list[Excess]:
    """Which limits would be passed by what is asked for; what is not asked for passes none."""
    found = []
    for name, limit in limits.as_mapping().items():
        wanted = Decimal(asked.get(name, 0))
        has = Decimal(0 if name in OF_ONE else used.get(name, 0))
        if limit is not None and wanted > 0 and has + wanted > limit:
            found.append(Excess(name, limit, has, wanted, limits.whose))
    return found


def over(limits: Limits, used: Mapping[str, Figure]) -> list[Excess]:
    """Which limits are passed by what there is, as after they were lowered."""
    return [
        Excess(name, limit, Decimal(used[name]), Decimal(), limits.whose)
        for name, limit in limits.as_mapping().items()
        if limit is not None and used.get(name, 0) > limit
    ]


def as_quotas(limits: Limits, *, on_volumes: bool = False) -> dict[str, int]:
    """What a cloud would have to grant for it, by the names of its quotas (portal/cloud/quotas.py); `on_volumes`: where
    HDFS lies on volumes and not on the machines' own disks."""
    wanted = {
        "stacks": limits.clusters,
        "instances": limits.nodes,
        "cores": limits.vcpus,
        "MB of memory": None if limits.memory_gb is None else limits.memory_gb * 1024,
        "GB of shares": limits.folder_gb,
        "GB of volumes": limits.hdfs_gb if on_volumes else None,
    }
    return {name: amount for name, amount in wanted.items() if amount is not None}


def promises(whole: Mapping[str, int], each: Sequence[Mapping[str, int]]) -> dict[str, Promise]:
    """What the limits promise at once, as quotas: of the whole course; where it has no limit of its own, of `each`
    student, as long as every one of them has."""
    common = [name for name in (each[0] if each else ()) if all(name in quotas for quotas in each)]
    together = {name: Promise(sum(quotas[name] for quotas in each), len(each)) for name in common}
    return {**together, **{name: Promise(amount) for name, amount in whole.items()}}


def promised(course: Course) -> dict[str, Promise]:
    on_volumes = course.profiles.filter(spec__hdfs__storage="volumes").exists()
    each = [as_quotas(limits, on_volumes=on_volumes) for limits in limits_of_students(course).values()]
    return promises(as_quotas(limits_of(course), on_volumes=on_volumes), each)


# Written by hand, as each create asks twice.
_BOTH = """
SELECT scope, name, value,
       (SELECT role FROM courses_membership WHERE course_id = %(course)s AND user_id = %(user)s)
FROM courses_limit WHERE course_id = %(course)s AND (user_id IS NULL OR user_id = %(user)s)
ORDER BY user_id NULLS FIRST
"""


def limits_of_both(course: Course, user: User) -> tuple[Limits, Limits]:
    """limits_of and limits_for, at one moment."""
    with connection.cursor() as cursor:
        cursor.execute(_BOTH, {"course": course.pk, "user": user.pk})
        rows = cursor.fetchall()
    whole = {name: value for scope, name, value, _ in rows if scope == Limit.Scope.COURSE}
    own = {  # exceptions last, as they win
        name: value for scope, name, value, role in rows if scope == Limit.Scope.STUDENT and not _is_free(user, role)
    }
    return _limits(whole, _of_course(course)), _limits(own, _of_person(course))


def limits_of(course: Course) -> Limits:
    """Of the whole course."""
    rows = Limit.objects.filter(course=course, scope=Limit.Scope.COURSE)
    return _limits({row.name: row.value for row in rows}, _of_course(course))


def limits_for(course: Course, user: User) -> Limits:
    """Of one person in it: a student's own exceptions, else what holds for each student."""
    return limits_within(user, [course])[course.pk]


def limits_within(user: User, courses: Iterable[Course]) -> dict[UUID, Limits]:
    """As limits_for, for several courses, by their ids."""
    courses = list(courses)
    roles = dict(Membership.objects.filter(user=user, course__in=courses).values_list("course_id", "role"))
    values: dict[UUID, dict[str, Decimal | None]] = defaultdict(dict)
    rows = Limit.objects.filter(Q(user=None) | Q(user=user), course__in=courses, scope=Limit.Scope.STUDENT)
    for row in sorted(rows, key=lambda row: row.user_id is not None):  # exceptions last, as they win
        values[row.course_id][row.name] = row.value
    return {
        course.pk: _limits({} if _is_free(user, roles.get(course.pk)) else values[course.pk], _of_person(course))
        for course in courses
    }


def default_limits(course: Course) -> Limits:
    """Of each student of whom nothing else is said."""
    rows = Limit.objects.filter(course=course, scope=Limit.Scope.STUDENT, user=None)
    return _limits({row.name: row.value for row in rows}, _of_person(course))


def exceptions_of(course: Course) -> dict[str, dict[str, Decimal | None]]:
    """By the names of the students of whom something else is said than of each."""
    found: dict[str, dict[str, Decimal | None]] = {}
    rows = Limit.objects.filter(course=course).exclude(user=None).select_related("user")
    for row in rows.order_by("user__username", "name"):
        assert row.user
        found.setdefault(row.user.username, {})[row.name] = row.value
    return found


def limits_of_students(course: Course) -> dict[int, Limits]:
    """Of every student, by their ids."""
    default: dict[str, Decimal | None] = {}
    own: dict[int, dict[str, Decimal | None]] = defaultdict(dict)
    for row in Limit.objects.filter(course=course, scope=Limit.Scope.STUDENT):
        (default if row.user_id is None else own[row.user_id])[row.name] = row.value
    students = course.memberships.filter(role=Role.STUDENT).values_list("user_id", flat=True)
    return {user: _limits({**default, **own.get(user, {})}, _of_person(course)) for user in students}


def hours_at_most(user: User, courses: Iterable[Course]) -> dict[UUID, int]:
    """How long one cluster of the person may last, by the ids of the courses."""
    courses = list(courses)
    whole = Limit.objects.filter(course__in=courses, scope=Limit.Scope.COURSE, name="hours")
    of_courses = {row.course_id: int(row.value) for row in whole if row.value is not None}
    of_person = limits_within(user, courses)
    bounds = {course.pk: (of_courses.get(course.pk), of_person[course.pk].hours) for course in courses}
    return {pk: min([MOST_HOURS, *(each for each in both if each is not None)]) for pk, both in bounds.items()}


def _is_free(user: User, role: str | None) -> bool:
    """Whether only the course's own limits bind the person. Who has left the course may still own something there."""
    return user.is_administrator or role in (Role.ASSISTANT, Role.TEACHER)


def _limits(values: Mapping[str, Decimal | None], whose: str) -> Limits:
    whole = {name: None if value is None else int(value) for name, value in values.items() if name != "credits"}
    return Limits(**whole, credits=values.get("credits"), whose=whose)


def _of_course(course: Course) -> str:
    return f"for all of {course.title} together"


def _of_person(course: Course) -> str:
    return f"for one person in {course.title}"
