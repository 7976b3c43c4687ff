"""What a cluster takes and costs until its end, before it is made and while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing import prices
from cloudinit.frameworks.manifest import Manifest
from portal.clusters.accounting.usage import Amounts, of_nodes

Sizes = Mapping[str, Mapping[str, Any]]  # of one node of each role, as offers.sizes_of gives them


@dataclass(frozen=True)
class Estimate:
    """Of a cluster, by the number of its workers: what it takes of limits and credits."""

    manifest: Manifest
    sizes: Sizes
    hourly: Mapping[str, Decimal]  # of one node of each role
    until_end: Mapping[str, Decimal]

    def amounts(self, workers: int) -> Amounts:
        return {"clusters": 1, **of_nodes(self.sizes, self._roles(workers)), "credits": self.total(workers)}

    def of_more(self, role: str, number: int) -> Amounts:
        """What so many more nodes of a role take of a cluster that is there."""
        return {**of_nodes(self.sizes, [role] * number), "credits": self.until_end[role] * number}

    def total(self, workers: int) -> Decimal:
        return self._sum(self.until_end, workers)

    def an_hour(self, workers: int) -> Decimal:
        return self._sum(self.hourly, workers)

    def _sum(self, each: Mapping[str, Decimal], workers: int) -> Decimal:
        counted = Counter(self._roles(workers))
        return sum((each[role] * number for role, number in counted.items()), Decimal())

    def _roles(self, workers: int) -> list[str]:
        return [node.role for node in self.manifest.nodes(workers)]


def estimate(manifest: Manifest, sizes: Sizes, start: datetime, end: datetime) -> Estimate:
    each = {role: tuple(machines(sizes, [role])) for role in sizes}
    card = prices.card({flavor for nodes in each.values() for flavor, _ in nodes}, max(start, end))
    hourly = {role: card.hourly(nodes, start) for role, nodes in each.items()}
    return Estimate(manifest, sizes, hourly, {role: card.for_time(nodes, start, end) for role, nodes in each.items()})


def machines(sizes: Sizes, roles: Iterable[str]) -> list[tuple[str, int]]:
    """The flavor and the GPUs of each node, as billing wants them."""
    return [(str(sizes[role]["flavor"]), int(sizes[role]["gpus"])) for role in roles]
