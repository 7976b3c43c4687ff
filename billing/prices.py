"""What things cost, by the rates. Nothing is changed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from django.db.models import Q

from billing.models import Rate

Nodes = Iterable[tuple[str, int]]  # the flavor and the GPUs of each
QUANTUM = Decimal("0.000001")
HOURS_A_MONTH = 730  # of storage's rates: a twelfth of 365 days, whatever the month
_GPU = (Rate.Kind.GPU, "")


@dataclass(frozen=True)
class Card:
    """Rates that were read at once, for as many questions as one likes."""

    rates: Sequence[Rate]

    def hourly(self, nodes: Nodes, at: datetime) -> Decimal:
        """All of them together, for an hour that begins at or after `at` and before the next change of rates."""
        return exact(_hourly(_counted(nodes), self.rates, at))

    def for_time(self, nodes: Nodes, start: datetime, end: datetime) -> Decimal:
        """From `start` to `end`, by the rates as they are written today, also those that begin only meanwhile."""
        counted = _counted(nodes)
        changes = sorted({rate.valid_from for rate in self.rates if start < rate.valid_from < end})
        parts = pairwise([start, *changes, end]) if start < end else ()
        whole = (_hourly(counted, self.rates, begin) * _hours(begin, until) for begin, until in parts)
        return exact(sum(whole, Decimal()))


def card(flavors: Collection[str], until: datetime) -> Card:
    """The rates of nodes of these flavors and of GPUs, for all that is before `until`."""
    named = Q(kind=Rate.Kind.NODE, name__in=flavors) | Q(kind=Rate.Kind.GPU)
    return Card(list(Rate.objects.filter(named, valid_from__lte=until).order_by("valid_from", "id")))


def hourly(nodes: Nodes, at: datetime) -> Decimal:
    """As a card of its own says."""
    known = list(nodes)
    return card(_flavors(known), at).hourly(known, at)


def for_time(nodes: Nodes, start: datetime, end: datetime) -> Decimal:
    """As a card of its own says."""
    known = list(nodes)
    return card(_flavors(known), end).for_time(known, start, end)


def monthly(share_type: str, size_gb: int, at: datetime) -> Decimal:
    return exact(storage(at).get(share_type, Decimal()) * size_gb)


def storage(at: datetime) -> dict[str, Decimal]:
    """What a GB costs a month, by share types; what has no rate is not in it."""
    valid = Rate.objects.filter(kind=Rate.Kind.STORAGE, valid_from__lte=at)
    return dict(valid.order_by("name", "-valid_from", "-id").distinct("name").values_list("name", "price"))


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


def _flavors(nodes: Nodes) -> set[str]:
    return {flavor for flavor, _ in nodes}


def _hourly(counted: Counter[tuple[str, str]], rates: Iterable[Rate], at: datetime) -> Decimal:
    prices = {(rate.kind, rate.name): rate.price for rate in rates if rate.valid_from <= at}  # the last one stays
    return sum((prices[thing] * number for thing, number in counted.items() if thing in prices), Decimal())


def _hours(start: datetime, end: datetime) -> Decimal:
    span = end - start
    seconds = span.days * 86400 + span.seconds + Decimal(span.microseconds) / 1_000_000
    return seconds / 3600
