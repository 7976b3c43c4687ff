"""What a course has, and what was drawn on it. Facts only: what follows from them is the portal's to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet, Sum
from django.utils import timezone

from billing.models import Account, Hold, Posting

# One statement, so one moment: a charge and the hold that it shrinks are seen both or neither.
_STANDING = """
SELECT (SELECT coalesce(sum(balance), 0) FROM billing_account WHERE course = %(course)s AND kind = 'course'),
       spent.whole, spent.own, held.whole, held.own
FROM (SELECT coalesce(-sum(balance), 0) AS whole,
             coalesce(-sum(balance) FILTER (WHERE person = %(person)s), 0) AS own
      FROM billing_account WHERE course = %(course)s AND kind = 'student') AS spent,
     (SELECT coalesce(sum(amount), 0) AS whole,
             coalesce(sum(amount) FILTER (WHERE person = %(person)s), 0) AS own
      FROM billing_hold WHERE course = %(course)s AND expires_at > %(now)s) AS held
"""
# One statement too: what is charged is held no more.
_DRAWN = """
SELECT person, sum(spent), sum(held)
FROM (SELECT person, -balance AS spent, 0 AS held FROM billing_account
      WHERE course = %(course)s AND kind = 'student'
      UNION ALL
      SELECT person, 0, amount FROM billing_hold WHERE course = %(course)s AND expires_at > %(now)s) AS drawn
GROUP BY person ORDER BY person
"""


@dataclass(frozen=True)
class Standing:
    """`granted` and `remaining` are the course's; of a person `spent` and `held` are the person's own."""

    granted: Decimal
    spent: Decimal
    held: Decimal
    remaining: Decimal


@dataclass(frozen=True)
class Drawn:
    """What one person has drawn on a course."""

    person: str
    spent: Decimal
    held: Decimal


@dataclass(frozen=True)
class Exhausted:
    """`person` is empty where it is the whole course."""

    person: str
    spent: Decimal
    allowed: Decimal

    @property
    def percent(self) -> int:
        """Rounded down; whoever may spend nothing is at 100."""
        return int(self.spent * 100 / self.allowed) if self.allowed else 100


def standing(course: str, person: str | None = None) -> Standing:
    """Of a course, or of a person in it."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"course": course, "person": person or "", "now": timezone.now()})
        granted, spent, spent_by_one, held, held_by_one = cursor.fetchone()
    remaining = granted - spent - held
    if person is None:
        return Standing(granted, spent, held, remaining)
    return Standing(granted, spent_by_one, held_by_one, remaining)


def drawn(course: str) -> tuple[Standing, list[Drawn]]:
    """How the course stands, and each person's part of it; these add up."""
    with connection.cursor() as cursor:
        cursor.execute(_DRAWN, {"course": course, "now": timezone.now()})
        people = [Drawn(*row) for row in cursor.fetchall()]
    spent = sum((each.spent for each in people), Decimal())
    held = sum((each.held for each in people), Decimal())
    given = Account.objects.filter(course=course, kind=Account.Kind.COURSE).aggregate(amount=Sum("balance"))["amount"]
    granted = given or Decimal()
    return Standing(granted, spent, held, granted - spent - held), people


def spending(course: str) -> dict[str, Decimal]:
    """What each person has spent, in one query; who never spent is not in it."""
    drawn = Account.objects.filter(course=course, kind=Account.Kind.STUDENT).values_list("person", "balance")
    return {person: -balance for person, balance in drawn}


def drawn_on(since: datetime) -> QuerySet[Posting, str]:
    """Names of the courses of whose credits something was spent since then, for a query."""
    drawn = Posting.objects.filter(account__kind=Account.Kind.STUDENT, transaction__posted_at__gte=since)
    return drawn.values_list("account__course", flat=True)


def held(course: str) -> dict[str, Decimal]:
    """What is held for each person, in one query; of whom nothing is held is not in it."""
    valid = Hold.objects.filter(course=course, expires_at__gt=timezone.now())
    return dict(valid.order_by().values_list("person").annotate(amount=Sum("amount")))


def exhausted(course: str, caps: Mapping[str, Decimal | None], percent: int = 80) -> list[Exhausted]:
    """The course and those of the persons in `caps` who have spent so much of what they may, the course first.

    A course that was never granted anything and has spent nothing is not exhausted: all that it uses is free.
    """
    whole, spent = standing(course), spending(course)
    found = [Exhausted("", whole.spent, whole.granted)] if whole.spent else []
    found += [
        Exhausted(person, spent.get(person, Decimal()), cap)
        for person, cap in sorted(caps.items())
        if cap is not None and spent.get(person)
    ]
    return [each for each in found if each.percent >= percent]
