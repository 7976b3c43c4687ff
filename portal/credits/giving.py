"""How credits come to courses: an administrator makes them, a teacher gives of a budget; how they stand; and how what
somebody was charged in error is given back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import QuerySet

from billing import credit, ledger
from billing.credit import Drawn, Standing
from billing.models import Account, Transaction
from portal.accounts.models import User
from portal.clusters.life import credit_warnings, exhaustion
from portal.clusters.models import CreditWarning
from portal.courses import services as courses
from portal.courses.models import Course
from portal.courses.rights import Deed
from portal.credits.words import refusing, require
from portal.locks import transaction_lock
from portal.refusals import Invalid, NotAllowed
from portal.trail.services import record

NEW, BUDGET = "new", "budget"
SOURCES = {NEW: Deed.GRANT_CREDITS, BUDGET: Deed.SPEND_BUDGET}


@dataclass(frozen=True)
class Credits:
    """`people` are those who drew on the course, and `warnings` what stands of it and of people in it; to who may not
    see spending, only of the reader."""

    course: Course
    standing: Standing
    people: list[Drawn]
    warnings: list[CreditWarning]


def of_course(reader: User, course_id: UUID) -> Credits:
    """Raises NotFound."""
    course = courses.find(reader, course_id)
    standing, people = credit.drawn(course.name)
    if Deed.SEE_SPENDING in courses.deeds(reader, course):
        return Credits(course, standing, people, list(credit_warnings.of_course(course)))
    own = [each for each in people if each.person == reader.username]
    return Credits(course, standing, own, list(credit_warnings.of_person_in(course, reader.username)))


def sources(user: User, course: Course) -> list[str]:
    """From where the person may give credits to the course; the first is what is meant where none is said."""
    able = courses.deeds(user, course)
    return [source for source, deed in SOURCES.items() if deed in able]


def require_source(user: User, course: Course, out_of: str = "") -> str:
    """From where credits are to come. Raises NotAllowed."""
    possible = sources(user, course)
    if not possible or (out_of and out_of not in possible):
        deed = SOURCES.get(out_of, Deed.SPEND_BUDGET)
        raise NotAllowed(f"You may not {deed}.", "Ask a teacher of the course, or an administrator.")
    return out_of or possible[0]


@transaction.atomic
def give(
    actor: User, course_id: UUID, amount: Decimal, memo: str = "", out_of: str = "", form: UUID | None = None
) -> Standing:
    """The same of the same form is given once. Raises NotFound, NotAllowed, Invalid, Conflict."""
    course = courses.find(actor, course_id)
    chosen = require_source(actor, course, out_of)
    key = _key(form, actor.username, course.name, str(amount), memo, chosen)
    if _given(key):
        return credit.standing(course.name)
    with refusing():
        if chosen == NEW:
            ledger.grant(actor.username, amount, course=course.name, memo=memo, key=key)
        else:
            ledger.transfer(actor.username, amount, person=actor.username, course=course.name, memo=memo, key=key)
    said = {"amount": str(amount), "out_of": chosen, "memo": memo}
    record(actor, "course.credits", course.pk, name=course.title, course=course.name, after=said)
    exhaustion.take_back(course)
    return credit.standing(course.name)


def budgets(reader: User) -> QuerySet[Account]:
    """An administrator sees all of them, others their own."""
    found = Account.objects.filter(kind=Account.Kind.BUDGET).order_by("person")
    return found if reader.is_administrator else found.filter(person=reader.username)


@transaction.atomic
def give_budget(actor: User, username: str, amount: Decimal, memo: str = "", form: UUID | None = None) -> Account:
    """The same of the same form is given once. Raises NotAllowed, Invalid."""
    require(actor, Deed.GRANT_CREDITS)
    person = User.objects.filter(username=username).first()
    if person is None:
        raise Invalid.of({"person": "there is nobody of this name; people are known from their first log-in or roster"})
    key = _key(form, actor.username, username, str(amount), memo)
    if _given(key):
        return budgets(actor).get(person=username)
    with refusing():
        ledger.grant(actor.username, amount, person=username, memo=memo, key=key)
    record(actor, "budget.grant", person.pk, name=username, after={"amount": str(amount), "memo": memo})
    return budgets(actor).get(person=username)


@transaction.atomic
def correct(
    actor: User, course_id: UUID, person: str, amount: Decimal, memo: str, form: UUID | None = None
) -> Standing:
    """Gives a person back so much of what they were charged; less than nothing takes more. The same of the same form
    is done once. Raises NotFound, NotAllowed, Invalid."""
    course = courses.find(actor, course_id)
    require(actor, Deed.CORRECT_CHARGES)
    if not Account.objects.filter(kind=Account.Kind.STUDENT, course=course.name, person=person).exists():
        raise Invalid.of({"person": "nobody of this name was charged anything in this course"})
    key = _key(form, actor.username, course.name, person, str(amount), memo)
    if not _given(key):
        with refusing():
            ledger.correct(actor.username, amount, course=course.name, person=person, memo=memo, key=key)
        said = {"person": person, "amount": str(amount), "memo": memo}
        record(actor, "course.correction", course.pk, name=course.title, course=course.name, after=said)
    return credit.standing(course.name)


def _key(form: UUID | None, *said: str) -> str:
    """Of what was said in a form as it was shown once: shown again, or with another amount, it is another gift."""
    return f"form-{uuid5(form, repr(said))}" if form else ""


def _given(key: str) -> bool:
    """Of two presses at once the second waits for the first."""
    if not key:
        return False
    transaction_lock(key)
    return Transaction.objects.filter(key=key).exists()
