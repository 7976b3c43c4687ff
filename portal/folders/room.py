"""Whether a folder, or its growth, fits into the limits and the credits of its maker and of the course."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.utils import timezone

from billing import credit, prices
from portal.accounts.models import User
from portal.courses.limits import Excess, Figure, excesses, limits_for, limits_of
from portal.courses.models import Course
from portal.folders.models import Folder, Status
from portal.refusals import LimitReached

Amounts = Mapping[str, Figure]
NEXT = "Ask for less, delete a folder that is needed no more, or ask a teacher of the course."


def require(maker: User, course: Course, share_type: str, more_gb: int) -> None:
    """Of storage that has a price, a month of it must be left. Raises LimitReached."""
    price = prices.monthly(share_type, more_gb, timezone.now())
    asked: Amounts = {"folder_gb": more_gb, "credits": price}
    standing = credit.standing(course.name, maker.username)
    given, left = standing.granted, standing.remaining
    present = course.folders.exclude(status=Status.DELETED)
    of_maker: Amounts = {
        "folder_gb": _gigabytes(present.filter(maker=maker)),
        "credits": standing.spent + standing.held,
    }
    of_all: Amounts = {"folder_gb": _gigabytes(present), "credits": given - left}
    passed = [*excesses(limits_for(course, maker), of_maker, asked), *excesses(limits_of(course), of_all, asked)]
    if price > max(left, Decimal()):
        passed.append(Excess("credits", given, given - left, price, "that the course was given"))
    if passed:
        raise LimitReached(" ".join(excess.words for excess in passed), NEXT)


def _gigabytes(folders: QuerySet[Folder]) -> int:
    return int(folders.aggregate(sum=Sum("wanted_gb"))["sum"] or 0)
