"""What clusters take, by the names of limits, from the rows of their nodes: what a change adds counts from when it is
wished, and what failed until it is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import connection

from portal.accounts.models import User
from portal.courses.limits import Figure
from portal.courses.models import Course

MEGABYTES = 1024  # of a GB
FIGURES = ("vcpus", "memory_mb", "hdfs_gb")
COUNTED = ("clusters", "nodes", *FIGURES)
Amounts = Mapping[str, Figure]


def _sums(which: str = "") -> str:
    figures = (f"coalesce(sum((size ->> '{figure}')::int) {which}, 0)" for figure in FIGURES)
    return ", ".join((f"count(DISTINCT cluster.id) {which}", f"count(node.id) {which}", *figures))


# Each node is as large as its role in the cluster's frozen sizes. Written by hand, as each create asks twice.
_PRESENT = """
FROM clusters_cluster AS cluster
JOIN clusters_node AS node ON node.cluster_id = cluster.id
CROSS JOIN LATERAL (SELECT cluster.sizes -> node.role AS size) AS its
WHERE cluster.course_id = %(course)s AND cluster.status <> 'deleted'
"""
_USED = f"SELECT {_sums()}, {_sums('FILTER (WHERE cluster.owner_id = %(owner)s)')} {_PRESENT}"
_USED_BY_EACH = f"SELECT cluster.owner_id, {_sums()} {_PRESENT} GROUP BY cluster.owner_id"


def used(course: Course, owner: User) -> tuple[Amounts, Amounts]:
    """By all of the course, and by one person in it."""
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"course": course.pk, "owner": owner.pk})
        figures = cursor.fetchone()
    return _of_row(figures[: len(COUNTED)]), _of_row(figures[len(COUNTED) :])


def used_by_all(course: Course) -> Amounts:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_sums()} {_PRESENT}", {"course": course.pk})
        return _of_row(cursor.fetchone())


def used_by_each(course: Course) -> dict[int, Amounts]:
    """By each person who has clusters in it, by their ids."""
    with connection.cursor() as cursor:
        cursor.execute(_USED_BY_EACH, {"course": course.pk})
        return {owner: _of_row(figures) for owner, *figures in cursor.fetchall()}


def _of_row(figures: Iterable[int]) -> Amounts:
    return _amounts({name: int(figure) for name, figure in zip(COUNTED, figures, strict=True)})


def of_nodes(sizes: Mapping[str, Mapping[str, Any]], roles: Iterable[str]) -> Amounts:
    """Of nodes of these roles. A role of unknown size counts as a node alone."""
    found: Counter[str] = Counter()
    for role in roles:
        found.update({"nodes": 1, **{figure: sizes.get(role, {}).get(figure, 0) for figure in FIGURES}})
    return _amounts(found)


def _amounts(found: Mapping[str, int]) -> Amounts:
    amounts: dict[str, Figure] = {name: figure for name, figure in found.items() if name != "memory_mb"}
    return {**amounts, "memory_gb": Decimal(found["memory_mb"]) / MEGABYTES}
