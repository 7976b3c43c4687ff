"""Whether there is room for what somebody asks: the limits of the course and of the person against what is used."""

from __future__ import annotations

from dataclasses import asdict

from portal.accounts.models import User
from portal.clusters.usage import Amounts, used
from portal.courses.limits import excesses, limits_for, limits_of
from portal.courses.models import Course
from portal.refusals import LimitReached


def require(course: Course, owner: User, asked: Amounts) -> None:
    """Raises LimitReached. What it read stays true only within `locks.allocating(course)`; without that lock it spares
    a request that cannot be granted the way to it."""
    passed = excesses(limits_for(course, owner), asdict(used(course, owner)), asdict(asked))
    passed += excesses(limits_of(course), asdict(used(course)), asdict(asked))
    if passed:
        raise LimitReached(
            " ".join(excess.words for excess in passed),
            "Ask for less, or delete what is needed no more; a cluster that failed counts until it is deleted.",
        )
