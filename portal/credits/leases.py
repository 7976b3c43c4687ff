"""The contract with other services, with the verbs of OpenStack's Blazar: they ask before they lend something to
somebody, and tell what became of it. What they lend is held and charged as a cluster is.

A lease's id is the service's own: what is told twice is done once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing import holds, ledger, metering, rating, settling
from billing.models import Account, Hold, Meter, Transaction
from billing.prices import exact
from portal.accounts.models import User
from portal.apart import apart
from portal.clusters.accounting import allocation
from portal.clusters.accounting.holding import CHARGED_AFTER
from portal.courses.models import Course, Membership
from portal.courses.services import require_present
from portal.credits.models import Lease
from portal.credits.words import refusing
from portal.locks import allocating
from portal.refusals import Conflict, Invalid, NotAllowed, NotFound
from portal.trail.services import record

FARTHEST = timedelta(days=366)
LESS = "Lend it for less time, or for less."


@dataclass(frozen=True)
class Wish:
    """`course` is the course's name. One of `hourly` and `fixed` is given."""

    id: UUID
    course: str
    person: str
    name: str
    ends_at: datetime
    hourly: Decimal | None = None
    fixed: Decimal | None = None


@dataclass(frozen=True)
class Answer:
    """What was asked for fits, and would have so much held. It was not done."""

    amount: Decimal
    remaining: Decimal


def check_create(service: User, wish: Wish) -> Answer:
    """Raises NotAllowed, Invalid, Conflict, LimitReached."""
    course, person = _parties(service, wish)
    lease = _lease(service, course, person, wish)
    return _fitting(lease, _price(lease, timezone.now()))


def create(service: User, wish: Wish) -> Lease:
    """Raises NotAllowed, Invalid, Conflict, LimitReached, Busy."""
    course, person = _parties(service, wish)
    with allocating(course):
        if known := Lease.objects.select_for_update(of=("self",)).filter(pk=wish.id).first():
            return _same(known, service, wish)
        lease = _lease(service, course, person, wish)
        amount = _price(lease, lease.starts_at)
        _fitting(lease, amount)
        lease.save(force_insert=True)
        holds.place_all([hold_of(lease, amount)])
        if lease.hourly is not None:
            meter = metering.Service(f"{lease.pk}/lease", Meter.Kind.EXTERNAL, lease.name, price=lease.hourly)
            metering.began(lease.pk, [meter], lease.starts_at, course=course.name, person=person.username)
        _record(service, lease, "create", after={"ends_at": lease.ends_at.isoformat()})
    return lease


def check_update(service: User, lease_id: UUID, ends_at: datetime) -> Answer:
    """Raises NotAllowed, NotFound, Invalid, Conflict, LimitReached."""
    lease = _own(service, lease_id)
    _require_running(lease, ends_at)
    return _fitting(lease, _more(lease, ends_at))


def update(service: User, lease_id: UUID, ends_at: datetime) -> Lease:
    """A lease ends later or sooner; what it holds follows.

    Raises NotAllowed, NotFound, Invalid, Conflict, LimitReached, Busy.
    """
    lease = _own(service, lease_id)
    with allocating(lease.course):
        lease = _row(lease.pk)
        _require_running(lease, ends_at)
        _fitting(lease, _more(lease, ends_at))
        before, lease.ends_at = lease.ends_at, ends_at
        lease.save(update_fields=["ends_at"])
        holds.change(lease.pk, uncharged([lease])[lease.pk], ends_at + CHARGED_AFTER)
        was, will = {"ends_at": before.isoformat()}, {"ends_at": ends_at.isoformat()}
        _record(service, lease, "update", before=was, after=will)
    return lease


def on_end(service: User, lease_id: UUID, at: datetime | None = None) -> Lease:
    """Never refused for want of credits; told again it changes nothing. Raises NotAllowed, NotFound."""
    lease = _own(service, lease_id)
    with transaction.atomic():
        row = _row(lease.pk)
        _end(service, row, at or timezone.now())
    return row


def settle() -> None:
    """Leases whose time is over end, also where their service is silent; what is held for the others is what they are
    not charged yet; what ended and is charged is held no more."""
    for pk in list(Lease.objects.filter(ended_at=None).values_list("pk", flat=True)):
        with apart("lease", pk):
            _settle(pk)
    ended = Lease.objects.filter(ended_at__isnull=False, pk__in=holds.resources())
    settling.release_charged(ended.values_list("pk", flat=True))


def _settle(pk: UUID) -> None:
    """By its row as it is now: it may have been prolonged a moment ago."""
    with transaction.atomic():
        row, now = _row(pk), timezone.now()
        if row.ended_at is None and row.ends_at <= now:
            _end(None, row, row.ends_at)
        elif row.ended_at is None and row.hourly is not None:
            holds.change(pk, uncharged([row])[pk])


def _end(actor: User | None, row: Lease, at: datetime) -> None:
    """`actor` None: the portal itself, as the lease's time is over."""
    if row.ended_at is not None:
        return
    row.ended_at = min(max(at, row.starts_at), timezone.now())
    row.save(update_fields=["ended_at"])
    metering.ended(row.pk, row.ended_at)
    if row.fixed is not None:
        _charge(row, row.fixed)
        holds.release(row.pk)
    _record(actor, row, "end", after={"ended_at": row.ended_at.isoformat()})


def _parties(service: User, wish: Wish) -> tuple[Course, User]:
    _require_service(service)
    membership = (
        Membership.objects.select_related("course", "user")
        .filter(course__name=wish.course, user__username=wish.person)
        .first()
    )
    if membership is None:
        raise Invalid.of({"person": f"{wish.person} does not belong to a course {wish.course}"})
    require_present(membership.course)
    return membership.course, membership.user


def _lease(service: User, course: Course, person: User, wish: Wish) -> Lease:
    if (wish.hourly is None) == (wish.fixed is None):
        raise Invalid.of({"hourly": "give either this, or fixed"})
    now = timezone.now()
    if wish.ends_at <= now:
        raise Invalid.of({"ends_at": "lies in the past"})
    _require_near(wish.ends_at)
    return Lease(
        id=wish.id, service=service, course=course, person=person, name=wish.name, hourly=wish.hourly,
        fixed=wish.fixed, starts_at=now, ends_at=wish.ends_at,
    )  # fmt: skip


def _price(lease: Lease, since: datetime) -> Decimal:
    """From `since` to its end."""
    if lease.hourly is None:
        return exact(lease.fixed or Decimal())
    seconds = max(((lease.ended_at or lease.ends_at) - since).total_seconds(), 0)
    return exact(lease.hourly * Decimal(seconds) / 3600)


def _more(lease: Lease, ends_at: datetime) -> Decimal:
    """What a new end adds to the price; less than nothing where it is sooner."""
    if lease.hourly is None:
        return Decimal()
    return exact(lease.hourly * Decimal((ends_at - lease.ends_at).total_seconds()) / 3600)


def _fitting(lease: Lease, amount: Decimal) -> Answer:
    room = allocation.room(lease.course, lease.person, allocation.bounds(lease.course, lease.person))
    if amount > 0:
        allocation.require(room, {"credits": amount}, LESS)
    return Answer(amount, room.standing.remaining)


def _same(known: Lease, service: User, wish: Wish) -> Lease:
    """A lease that was told before, which must be the same."""
    told = (known.service_id, known.course.name, known.person.username, known.name, known.hourly, known.fixed)
    if told != (service.pk, wish.course, wish.person, wish.name, wish.hourly, wish.fixed):
        raise Conflict("There is another lease with this id.", "Send each lease with an id of its own.")
    return known


def _require_running(lease: Lease, ends_at: datetime) -> None:
    if lease.ended_at is not None:
        raise Conflict("This lease has ended.", "Create a new one.")
    if ends_at <= timezone.now():
        raise Invalid.of({"ends_at": "lies in the past; tell on-end"})
    _require_near(ends_at)


def _require_near(ends_at: datetime) -> None:
    if ends_at > timezone.now() + FARTHEST:
        raise Invalid.of({"ends_at": f"must be within {FARTHEST.days} days"})


def uncharged(leases: Collection[Lease]) -> dict[UUID, Decimal]:
    """What each has used and is not charged for, and what it will use until its end: the amount of its hold.

    Meters are read first: what is measured meanwhile is counted twice for a moment, and never not at all.
    """
    ids = [lease.pk for lease in leases]
    measured = dict(Meter.objects.filter(subject__in=ids).values_list("subject", "measured_to"))
    unrated = rating.unrated(ids)
    return {lease.pk: _ahead(lease, measured.get(lease.pk)) + unrated.get(lease.pk, Decimal()) for lease in leases}


def _ahead(lease: Lease, measured: datetime | None) -> Decimal:
    """A fixed price is charged as the lease ends."""
    if lease.fixed is not None and lease.ended_at:
        return Decimal()
    return _price(lease, measured or lease.starts_at)


def hold_of(lease: Lease, amount: Decimal) -> Hold:
    return Hold(
        resource=lease.pk,
        course=lease.course.name,
        person=lease.person.username,
        amount=amount,
        expires_at=lease.ends_at + CHARGED_AFTER,
    )


def _charge(lease: Lease, amount: Decimal) -> None:
    with refusing():
        drawn = ledger.account(Account.Kind.STUDENT, lease.course.name, lease.person.username)
        used = ledger.account(Account.Kind.USAGE, lease.course.name)
        entries = [(drawn, -amount), (used, amount)]
        ledger.book(Transaction.Kind.CHARGE, entries, lease.service.username, lease.name, f"lease-{lease.pk}")


def _own(service: User, lease_id: UUID) -> Lease:
    _require_service(service)
    lease = Lease.objects.select_related("course", "person", "service").filter(pk=lease_id, service=service).first()
    if lease is None:
        raise NotFound("lease")
    return lease


def _row(pk: UUID) -> Lease:
    """Nobody else changes it until the transaction is over."""
    return Lease.objects.select_related("course", "person", "service").select_for_update(of=("self",)).get(pk=pk)


def _require_service(user: User) -> None:
    if not user.is_service:
        raise NotAllowed("Leases are for service accounts.", "Ask an administrator for one with the scope billing.")


def _record(
    actor: User | None, lease: Lease, what: str, *, after: dict[str, str], before: dict[str, str] | None = None
) -> None:
    said = {"person": lease.person.username, **after}
    record(actor, f"lease.{what}", lease.pk, name=lease.name, course=lease.course.name, before=before, after=said)
