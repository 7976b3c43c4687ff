"""What is kept back for what runs. One row for each resource; one that has expired counts no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from billing.models import Hold


def place(resource: UUID, course: str, person: str, amount: Decimal, expires_at: datetime) -> None:
    """The resource's hold; one that it has already is replaced. Whether the credits suffice is the caller's to look at,
    who holds the course's lock."""
    place_all([Hold(resource=resource, course=course, person=person, amount=amount, expires_at=expires_at)])


def place_all(wanted: Iterable[Hold]) -> None:
    """As place, in one statement."""
    Hold.objects.bulk_create(
        wanted,
        update_conflicts=True,
        unique_fields=["resource"],
        update_fields=["course", "person", "amount", "expires_at"],
    )


def change(resource: UUID, amount: Decimal, expires_at: datetime | None = None) -> None:
    """Of a resource without a hold there is nothing to change."""
    changes = {"amount": amount, **({"expires_at": expires_at} if expires_at else {})}
    Hold.objects.filter(resource=resource).update(**changes)


def release(*resources: UUID) -> None:
    """Of several the caller has the locks."""
    Hold.objects.filter(resource__in=resources).delete()


def lock(course: str) -> None:
    """All of the course's, until the transaction is over, in the order in which charges lock them."""
    list(Hold.objects.filter(course=course).order_by("pk").select_for_update().values_list("pk"))


def keep(resources: Collection[UUID], until: datetime) -> None:
    """None of them expires sooner."""
    Hold.objects.filter(resource__in=resources, expires_at__lt=until).update(expires_at=until)


def resources() -> QuerySet[Hold, UUID]:
    """Of all holds, for a query."""
    return Hold.objects.values_list("resource", flat=True)
