"""Whether there is room for what somebody asks: the limits of the course and of the person against what is used."""

from __future__ import annotations

from portal.accounts.models import User
from portal.clusters.usage import Amounts, used
from portal.courses.models import Course
from portal.refusals import LimitReached


def require(course: Course, owner: User, asked: Amounts) -> None:
    """Raises LimitReached. What it read stays true only within `locks.allocating(course)`; without that lock it spares
    a request that cannot be granted the way to it."""
    present = used(course, owner).clusters
    if present + asked.clusters > course.clusters_each:
        raise LimitReached(
            f"You have {present} clusters in {course.title}, and {course.clusters_each} is the limit.",
            "Delete one that you need no more; one that failed counts until it is deleted.",
        )
