"""What was spent, from the postings on the accounts of people: by person, and of one person line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

# A charge counts to its hour; a reversal, a correction and what is charged anew to when it was made.
_BY_PERSON = """
SELECT account.person,
       coalesce(-sum(posting.amount) FILTER (WHERE booked.kind = 'charge' AND usage.kind = 'node'), 0) AS nodes,
       coalesce(-sum(posting.amount) FILTER (WHERE booked.kind = 'charge' AND usage.kind = 'storage'), 0) AS folders,
       coalesce(-sum(posting.amount) FILTER (WHERE booked.kind = 'charge'
                                             AND (usage.kind IS NULL OR usage.kind = 'external')), 0) AS others,
       coalesce(-sum(posting.amount) FILTER (WHERE booked.kind IN ('reversal', 'correction')), 0) AS set_right,
       -sum(posting.amount) AS total
FROM billing_account AS account
JOIN billing_posting AS posting ON posting.account_id = account.id
JOIN billing_transaction AS booked ON booked.id = posting.transaction_id
LEFT JOIN billing_usage AS usage ON usage.id = booked.usage_id
WHERE account.kind = 'student' AND account.course = %(course)s AND booked.at >= %(start)s AND booked.at < %(end)s
      AND (%(person)s = '' OR account.person = %(person)s)
GROUP BY account.person ORDER BY account.person
"""
_LINES = """
SELECT booked.kind, coalesce(usage.kind, '') AS of_kind, coalesce(usage.name, '') AS name, usage.subject, booked.memo,
       min(coalesce(usage.hour, booked.at)) AS first_at, max(coalesce(usage.hour, booked.at)) AS last_at,
       count(DISTINCT usage.resource) AS resources, coalesce(sum(usage.seconds), 0) / 3600 AS hours,
       -sum(posting.amount) AS amount
FROM billing_account AS account
JOIN billing_posting AS posting ON posting.account_id = account.id
JOIN billing_transaction AS booked ON booked.id = posting.transaction_id
LEFT JOIN billing_usage AS usage ON usage.id = booked.usage_id
WHERE account.kind = 'student' AND account.course = %(course)s AND account.person = %(person)s
      AND booked.at >= %(start)s AND booked.at < %(end)s
GROUP BY booked.kind, usage.kind, usage.name, usage.subject, booked.memo
ORDER BY first_at, of_kind, name, usage.subject, booked.kind, booked.memo
"""
_GRANTED = """
SELECT coalesce(sum(posting.amount), 0) FROM billing_account AS account
JOIN billing_posting AS posting ON posting.account_id = account.id
JOIN billing_transaction AS booked ON booked.id = posting.transaction_id
WHERE account.kind = 'course' AND account.course = %(course)s AND booked.at >= %(start)s AND booked.at < %(end)s
"""


@dataclass(frozen=True)
class Spent:
    """One person's, in a course and a time. `set_right`: reversals and corrections, mostly negative."""

    person: str
    nodes: Decimal
    folders: Decimal
    others: Decimal
    set_right: Decimal
    total: Decimal


class Line(NamedTuple):
    """What was used of one thing, or what was reversed of it, summed up. `hours`: of all its nodes together."""

    kind: str
    of_kind: str
    name: str
    subject: UUID | None
    memo: str
    first_at: datetime
    last_at: datetime
    resources: int
    hours: Decimal
    amount: Decimal


def by_person(course: str, start: datetime, end: datetime, person: str = "") -> list[Spent]:
    rows = _rows(_BY_PERSON, {"course": course, "start": start, "end": end, "person": person})
    return [Spent(*row) for row in rows]


def lines(course: str, person: str, start: datetime, end: datetime) -> list[Line]:
    return [Line(*row) for row in _rows(_LINES, {"course": course, "person": person, "start": start, "end": end})]


def granted(course: str, start: datetime, end: datetime) -> Decimal:
    """Credits that came to the course in that time, less those that were taken back."""
    ((amount,),) = _rows(_GRANTED, {"course": course, "start": start, "end": end})
    return Decimal(amount)


def together(rows: list[Spent]) -> Spent:
    """Without a person."""
    names = [field.name for field in fields(Spent) if field.name != "person"]
    return Spent("", **{name: sum((getattr(row, name) for row in rows), Decimal()) for name in names})


def _rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
