"""Whether what is held is what should be, and what is beyond a limit."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from portal.accounts.models import User
from portal.clusters import allocation, holding, usage
from portal.courses.limits import over
from portal.courses.models import Course


class Command(BaseCommand):
    help = "Recompute the holds of all clusters; exit status 1 where one differs. What is over a limit is told as well."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="make the holds what they should be")

    def handle(self, *_: Any, repair: bool, **__: Any) -> None:
        wrong = 0
        for course in Course.objects.order_by("name"):
            found = list(holding.differences(course, timezone.now()))
            if repair:
                holding.mend(course)
            for each in found:
                mended = "; mended" if repair else ""
                self.stdout.write(f"{course.name}: cluster {each.cluster} holds {each.held}, not {each.true}{mended}")
            wrong += len(found)
            self._tell_what_is_over(course)
        self.stdout.write(f"{wrong} holds differ" if wrong else "Every hold is what it should be.")
        if wrong and not repair:
            sys.exit(1)

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
