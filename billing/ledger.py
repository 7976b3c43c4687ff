"""Postings: how credits come to courses, and how what was wrong is set right. Nothing is ever changed or deleted.

Each of these books once what it is told twice: `key` says what it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from billing.errors import NotPossible, Wrong
from billing.models import Account, Posting, Transaction
from billing.prices import QUANTUM

MOST = Decimal(10) ** 11  # of one transaction: far from where an amount has no room
Kind = Transaction.Kind
Entry = tuple[Account, Decimal]


def account(kind: Account.Kind, course: str = "", person: str = "") -> Account:
    return Account.objects.get_or_create(kind=kind, course=course, person=person)[0]


def grant(actor: str, amount: Decimal, *, course: str = "", person: str = "", memo: str = "", key: str = "") -> int:
    """New credits for a course, or as a person's budget; the transaction's number. Raises Wrong."""
    if bool(course) == bool(person):
        raise Wrong("course", "a grant is to a course or to a person's budget")
    _check_amount(amount)
    to = account(Account.Kind.COURSE, course) if course else account(Account.Kind.BUDGET, person=person)
    return book(Kind.GRANT, [(account(Account.Kind.ISSUED), -amount), (to, amount)], actor, memo, key)


@transaction.atomic
def transfer(actor: str, amount: Decimal, *, person: str, course: str, memo: str = "", key: str = "") -> int:
    """From a person's budget to a course. Raises Wrong, NotPossible."""
    _check_amount(amount)
    budget = Account.objects.select_for_update(no_key=True).get(pk=account(Account.Kind.BUDGET, person=person).pk)
    if done := _booked(key):
        return done
    if budget.balance < amount:
        raise NotPossible(
            f"the budget of {person} has {_short(budget.balance)} credits, and {_short(amount)} are to go to {course}"
        )
    return book(Kind.TRANSFER, [(budget, -amount), (account(Account.Kind.COURSE, course), amount)], actor, memo, key)


def correct(actor: str, amount: Decimal, *, course: str, person: str, memo: str, key: str = "") -> int:
    """Gives back so much of what a person has spent; a negative amount takes more. Raises Wrong."""
    _check_amount(abs(amount))
    if not memo.strip():
        raise Wrong("memo", "a correction says why")
    drawn = account(Account.Kind.STUDENT, course, person)
    return book(Kind.CORRECTION, [(drawn, amount), (account(Account.Kind.CORRECTIONS), -amount)], actor, memo, key)


@transaction.atomic
def reverse(actor: str, number: int, memo: str) -> int:
    """The opposite of a transaction, once. Raises Wrong, NotPossible."""
    booked = Transaction.objects.select_for_update(no_key=True).filter(pk=number).first()
    if booked is None:
        raise Wrong("transaction", "there is none of this number")
    if booked.kind == Kind.REVERSAL:
        raise NotPossible(f"transaction {number} is itself a reversal")
    if done := Transaction.objects.filter(reverses=booked).first():
        return done.pk
    entries = [(posting.account, -posting.amount) for posting in booked.postings.select_related("account")]
    for each, amount in entries:
        if each.kind == Account.Kind.BUDGET:
            locked = Account.objects.select_for_update(no_key=True).get(pk=each.pk)
            if locked.balance + amount < 0:
                raise NotPossible(f"of the budget of {each.person} only {_short(locked.balance)} credits are left")
    return book(Kind.REVERSAL, entries, actor, memo, f"reversal-{number}", booked)


@transaction.atomic
def book(
    kind: Kind, entries: Iterable[Entry], actor: str, memo: str, key: str = "", reverses: Transaction | None = None
) -> int:
    """One transaction with its postings, which add up to zero."""
    if done := _booked(key):
        return done
    made = Transaction.objects.create(
        key=key or f"{kind}-{uuid4()}", kind=kind, at=timezone.now(), actor=actor, memo=memo, reverses=reverses,
        usage=reverses.usage if reverses else None,
    )  # fmt: skip
    Posting.objects.bulk_create(Posting(transaction=made, account=each, amount=amount) for each, amount in entries)
    return made.pk


def _booked(key: str) -> int | None:
    return Transaction.objects.filter(key=key).values_list("pk", flat=True).first() if key else None


def _check_amount(amount: Decimal) -> None:
    if not amount.is_finite() or not 0 < amount <= MOST:
        raise Wrong("amount", f"must be more than 0 and at most {MOST}")
    if amount != amount.quantize(QUANTUM):
        raise Wrong("amount", "has more than six decimal places")


def _short(credits: Decimal) -> str:
    """For people: 400, not 400.000000."""
    return f"{credits.normalize():f}"
