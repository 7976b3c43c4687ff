"""What things cost, by the rates. Nothing is changed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from django.db.models import Q

from billing.models import Rate

Nodes = Iterable[tuple[str, int]]  # the flavor and the GPUs of each
QUANTUM = Decimal("0.000001")
HOURS_A_MONTH = 730  # of storage's rates: a twelfth of 365 days, whatever the month
_GPU = (Rate.Kind.GPU, "")


def hourly(nodes: Nodes, at: datetime) -> Decimal:
    """All of them together, for an hour that begins at or after `at` and before the next change of rates."""
    counted = _counted(nodes)
    return exact(_hourly(counted, _rates(counted, at), at))


def for_time(nodes: Nodes, start: datetime, end: datetime) -> Decimal:
    """From `start` to `end`, by the rates as they are written today, also those that begin only meanwhile."""
    counted = _counted(nodes)
    return _for_time(counted, _rates(counted, end), start, end)


def _for_time(counted: Counter[tuple[str, str]], rates: list[Rate], start: datetime, end: datetime) -> Decimal:
    changes = sorted({rate.valid_from for rate in rates if start < rate.valid_from < end})
    parts = pairwise([start, *changes, end]) if start < end else ()
    return exact(sum((_hourly(counted, rates, begin) * _hours(begin, until) for begin, until in parts), Decimal()))


def hourly_and_for_time(nodes: Nodes, start: datetime, end: datetime) -> tuple[Decimal, Decimal]:
    """Both, by one look at the rates."""
    counted = _counted(nodes)
    rates = _rates(counted, max(start, end))
    return exact(_hourly(counted, rates, start)), _for_time(counted, rates, start, end)


def monthly(share_type: str, size_gb: int, at: datetime) -> Decimal:
    rates = Rate.objects.filter(kind=Rate.Kind.STORAGE, name=share_type, valid_from__lte=at)
    newest = rates.order_by("-valid_from", "-id").first()
    return exact(newest.price * size_gb) if newest else Decimal("0.000000")


def exact(amount: Decimal) -> Decimal:
    """As accounts keep it."""
    return amount.quantize(QUANTUM, ROUND_HALF_UP)


def _counted(nodes: Nodes) -> Counter[tuple[str, str]]:
    """How many of each thing that has a rate."""
    counted: Counter[tuple[str, str]] = Counter()
    for flavor, gpus in nodes:
        counted[Rate.Kind.NODE, flavor] += 1
        counted[_GPU] += gpus
    return counted


def _rates(counted: Counter[tuple[str, str]], until: datetime) -> list[Rate]:
    flavors = [name for kind, name in counted if kind == Rate.Kind.NODE]
    named = Q(kind=Rate.Kind.NODE, name__in=flavors) | Q(kind=Rate.Kind.GPU)
    return list(Rate.objects.filter(named, valid_from__lte=until).order_by("valid_from", "id"))


def _hourly(counted: Counter[tuple[str, str]], rates: Iterable[Rate], at: datetime) -> Decimal:
    prices = {(rate.kind, rate.name): rate.price for rate in rates if rate.valid_from <= at}  # the last one stays
    return sum((prices[thing] * number for thing, number in counted.items() if thing in prices), Decimal())


def _hours(start: datetime, end: datetime) -> Decimal:
    span = end - start
    seconds = span.days * 86400 + span.seconds + Decimal(span.microseconds) / 1_000_000
    return seconds / 3600
