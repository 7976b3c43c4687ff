"""What a course and its people have of all that is limited, beside their limits."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from django.db.models import Sum

from billing import credit
from portal.accounts.models import User
from portal.clusters.accounting import usage
from portal.courses import limits
from portal.courses.limits import Excess, Figure
from portal.courses.models import Course
from portal.folders.models import Folder, Status


def of_course(course: Course) -> dict[str, Figure]:
    """By the names of limits; `hours` bounds each cluster by itself and is not summed."""
    gigabytes = _folders(course).values()
    return {
        **usage.used_by_all(course),
        "folder_gb": sum(gigabytes),
        "credits": sum(credit.spending(course.name).values(), Decimal()),
    }


def of_person(course: Course, user: User) -> dict[str, Figure]:
    return {
        **usage.used(course, user)[1],
        "folder_gb": _folders(course).get(user.pk, 0),
        "credits": credit.standing(course.name, user.username).spent,
    }


def over(course: Course) -> list[tuple[str, Excess]]:
    """What is beyond its limit: of the course, with an empty name, and of its students."""
    names = dict(course.memberships.values_list("user_id", "user__username"))
    used: dict[int, dict[str, Figure]] = defaultdict(dict)
    for user, amounts in usage.used_by_each(course).items():
        used[user] |= amounts
    for user, gigabytes in _folders(course).items():
        used[user]["folder_gb"] = gigabytes
    spent = credit.spending(course.name)
    for user, name in names.items():
        used[user]["credits"] = spent.get(name, Decimal())
    of_students = limits.limits_of_students(course)
    found = [("", excess) for excess in limits.over(limits.limits_of(course), of_course(course))]
    for user in sorted(of_students, key=names.__getitem__):
        found += [(names[user], excess) for excess in limits.over(of_students[user], used[user])]
    return found


def _folders(course: Course) -> dict[int, int]:
    """GB of folders by the ids of those who made them."""
    present = Folder.objects.filter(course=course).exclude(status=Status.DELETED).order_by()
    return dict(present.values("maker").annotate(sum=Sum("wanted_gb")).values_list("maker", "sum"))
