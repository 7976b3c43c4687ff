"""What clusters take, by the names of limits, from the rows of their nodes: what a change adds counts from when it is
wished, and what failed until it is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

from django.db.models import Count, F, Func, IntegerField, JSONField, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from portal.accounts.models import User
from portal.clusters.models import Node, Status
from portal.courses.limits import Figure
from portal.courses.models import Course

MEGABYTES = 1024  # of a GB
FIGURES = ("vcpus", "memory_mb", "hdfs_gb")
Amounts = Mapping[str, Figure]


def used(course: Course, owner: User) -> tuple[Amounts, Amounts]:
    """By all of the course, and by one person in it."""
    own = Q(cluster__owner=owner)
    found = _present(course).aggregate(
        **{f"all_{name}": figure for name, figure in _sums().items()},
        **{f"own_{name}": figure for name, figure in _sums(own).items()},
    )
    return _amounts(found, "all_"), _amounts(found, "own_")


def used_by_all(course: Course) -> Amounts:
    return _amounts(_present(course).aggregate(**_sums()))


def used_by_each(course: Course) -> dict[int, Amounts]:
    """By each person who has clusters in it, by their ids."""
    rows = cast("Iterable[dict[str, int]]", _present(course).order_by().values("cluster__owner").annotate(**_sums()))
    return {row["cluster__owner"]: _amounts(row) for row in rows}


def of_nodes(sizes: Mapping[str, Mapping[str, Any]], roles: Iterable[str]) -> Amounts:
    """Of nodes of these roles. A role of unknown size counts as a node alone."""
    found: Counter[str] = Counter()
    for role in roles:
        found.update({"nodes": 1, **{figure: sizes.get(role, {}).get(figure, 0) for figure in FIGURES}})
    return _amounts(found)


def _present(course: Course) -> QuerySet[Node]:
    return Node.objects.filter(cluster__course=course).exclude(cluster__status=Status.DELETED)


def _sums(which: Q | None = None) -> dict[str, Any]:
    return {
        "clusters": Count("cluster", distinct=True, filter=which),
        "nodes": Count("pk", filter=which),
        **{figure: Coalesce(Sum(_of_its_role(figure), filter=which), 0) for figure in FIGURES},
    }


def _amounts(found: Mapping[str, int], prefix: str = "") -> Amounts:
    amounts: dict[str, Figure] = {
        name: found[prefix + name] for name in ("clusters", "nodes", "vcpus", "hdfs_gb") if prefix + name in found
    }
    return {**amounts, "memory_gb": Decimal(found[f"{prefix}memory_mb"]) / MEGABYTES}


def _of_its_role(figure: str) -> Cast:
    """In SQL: `sizes -> role ->> figure`."""
    size = Func(
        F("cluster__sizes"), F("role"), template="(%(expressions)s)", arg_joiner=" -> ", output_field=JSONField()
    )
    return Cast(KeyTextTransform(figure, size), IntegerField())
