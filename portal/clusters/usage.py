"""What a course's clusters take, from the rows of their nodes: what a change adds counts from when it is wished."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Func, IntegerField, JSONField, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from portal.accounts.models import User
from portal.clusters.models import Node, Status
from portal.courses.models import Course

MEGABYTES = 1024  # of a GB


@dataclass(frozen=True)
class Amounts:
    """What clusters take, by the names of limits. One that failed takes until it is deleted."""

    clusters: int
    nodes: int
    vcpus: int
    memory_gb: float
    hdfs_gb: int


def used(course: Course, owner: User | None = None) -> Amounts:
    """By all of the course, or by one person in it."""
    nodes = Node.objects.filter(cluster__course=course).exclude(cluster__status=Status.DELETED)
    return _sum(nodes if owner is None else nodes.filter(cluster__owner=owner))


def of_nodes(sizes: Mapping[str, Mapping[str, Any]], roles: Collection[str], clusters: int = 1) -> Amounts:
    """Of one cluster with nodes of these roles; `clusters` is 0 for nodes that one has more."""

    def together(figure: str) -> int:
        return sum(sizes.get(role, {}).get(figure, 0) for role in roles)

    return Amounts(clusters, len(roles), together("vcpus"), together("memory_mb") / MEGABYTES, together("hdfs_gb"))


def _sum(nodes: QuerySet[Node]) -> Amounts:
    found = nodes.aggregate(
        clusters=Count("cluster", distinct=True),
        nodes=Count("pk"),
        **{figure: Coalesce(Sum(_of_its_role(figure)), 0) for figure in ("vcpus", "memory_mb", "hdfs_gb")},
    )
    return Amounts(memory_gb=found.pop("memory_mb") / MEGABYTES, **found)


def _of_its_role(figure: str) -> Cast:
    """In SQL: `sizes -> role ->> figure`."""
    size = Func(
        F("cluster__sizes"), F("role"), template="(%(expressions)s)", arg_joiner=" -> ", output_field=JSONField()
    )
    return Cast(KeyTextTransform(figure, size), IntegerField())
