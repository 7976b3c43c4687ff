"""Rates: rows that are only ever added. What was charged already, `billing.reprocessing` sets right."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from billing.errors import Wrong
from billing.models import Rate
from billing.prices import QUANTUM

MOST = Decimal(10) ** 6  # of one price: so many hours of so many machines as there may be still have room in an amount


def add(
    actor: str, kind: str, name: str, price: Decimal, valid_from: datetime, *, correcting: bool = False, memo: str = ""
) -> Rate:
    """A price from an hour of the future on; one for the past is named as what it is, a correction. Raises Wrong."""
    _check(kind, name, price, valid_from)
    if valid_from <= timezone.now() and not correcting:
        raise Wrong("valid_from", "lies in the past: prices change only for the future, unless it is a correction")
    if correcting and not memo.strip():
        raise Wrong("memo", "a correction says why")
    return Rate.objects.create(
        kind=kind, name=name, price=price, valid_from=valid_from, correcting=correcting, memo=memo, made_by=actor
    )


def introduce(kind: str, name: str, price: Decimal, valid_from: datetime) -> Rate | None:
    """The first price of a thing, so that nothing charged is touched; None where it had one before."""
    if Rate.objects.filter(kind=kind, name=name).exists():
        return None
    _check(kind, name, price, valid_from)
    return Rate.objects.create(kind=kind, name=name, price=price, valid_from=valid_from, memo="the first one")


def present(at: datetime | None = None) -> list[Rate]:
    """Those that are valid, one of each thing."""
    valid = Rate.objects.filter(valid_from__lte=at or timezone.now())
    return list(valid.order_by("kind", "name", "-valid_from", "-id").distinct("kind", "name"))


def coming() -> QuerySet[Rate]:
    """Those that are not valid yet, the next one first."""
    return Rate.objects.filter(valid_from__gt=timezone.now()).order_by("valid_from", "id")


def _check(kind: str, name: str, price: Decimal, valid_from: datetime) -> None:
    if kind not in Rate.Kind.values:
        raise Wrong("kind", f"must be one of {', '.join(Rate.Kind.values)}")
    if bool(name) == (kind == Rate.Kind.GPU):
        raise Wrong("name", "must be a flavor or a share type; of a GPU it is empty")
    if not price.is_finite() or not 0 <= price <= MOST or price != price.quantize(QUANTUM):
        raise Wrong("price", f"must be from 0 to {MOST}, with at most six decimal places")
    if valid_from.astimezone(UTC) != valid_from.astimezone(UTC).replace(minute=0, second=0, microsecond=0):
        raise Wrong("valid_from", "must be the beginning of an hour (UTC), as each hour has one price")
