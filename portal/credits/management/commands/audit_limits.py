"""Whether what is held is what should be, and what is beyond a limit."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand

from portal.accounts.models import User
from portal.clusters.accounting import allocation, usage
from portal.clusters.accounting.holding import Difference
from portal.courses.limits import over
from portal.courses.models import Course
from portal.credits import holding
from portal.refusals import Busy


class Command(BaseCommand):
    help = (
        "Recompute the holds of all clusters and leases, mend those that differ and release those of nothing; exit "
        "status 1 where that does not cure one, or a course is too busy. What is over a limit is told as well."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        mended = wrong = 0
        for course in Course.objects.order_by("name"):
            try:
                found = holding.audit(course)
            except Busy:
                self.stdout.write(f"{course.name}: busy; its holds were not looked at. Ask again.")
                wrong += 1
                continue
            self._tell(found.mended, "mended")
            self._tell(found.left, "it would not be mended")
            mended += len(found.mended)
            wrong += len(found.left)
            self._tell_what_is_over(course)
        unknown = holding.release_of_no_course()
        self._tell(unknown, "mended")
        mended += len(unknown)
        if mended:
            self.stdout.write(f"{mended} holds were mended.")
        if wrong:
            self.stdout.write(f"{wrong} are wrong, or not known.")
            sys.exit(1)
        self.stdout.write("Every hold is what it should be.")

    def _tell(self, found: Iterable[Difference], outcome: str) -> None:
        for each in found:
            words = f"{each.what} held {each.held}, and not {each.wanted.amount}; {outcome}"
            self.stdout.write(f"{each.wanted.course}: {words}")

    def _tell_what_is_over(self, course: Course) -> None:
        """No fault: a limit that is lowered ends nothing."""
        for user in User.objects.filter(clusters__course=course).distinct().order_by("username"):
            bounds = allocation.bounds(course, user)
            by_all, by_one = usage.used(course, user)
            for excess in over(bounds.own, by_one):
                self.stdout.write(f"{course.name}: {user.username}: {excess.words}")
        if course.clusters.exists():
            for excess in over(bounds.whole, by_all):
                self.stdout.write(f"{course.name}: {excess.words}")
