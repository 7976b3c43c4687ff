"""What is shown of clusters beside their own rows: how far a boot is, how the nodes are, which folders are mounted.

A page of a list has hundreds of nodes. They are read in one query for all, as tuples: a model for each, and what
Django's prefetching does for each cluster, took most of the time of a list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import F, QuerySet

from portal.clusters import progress
from portal.clusters.health import Health, health
from portal.clusters.models import Cluster, ClusterEvent, Node, Status
from portal.clusters.progress import Progress
from portal.folders.models import Mount

STILL = (Status.READY, Status.DELETED)  # nothing of their boot is to be seen any more
WORKING = (Status.READY, Status.UPDATING)


class NodeRow(NamedTuple):
    name: str
    role: str
    address: str | None
    generation: int
    trouble: str
    leaving: bool
    kept_by: str | None
    storage: dict[str, int] | None


class StepRow(NamedTuple):
    node: str
    step: str
    state: str
    generation: int


class MountRow(NamedTuple):
    folder_id: UUID
    folder_name: str
    path: str
    access: str


@dataclass(frozen=True)
class Shown:
    """`steps` are those that nodes have ended, of all boots; the rows may be models as well."""

    cluster: Cluster
    nodes: Sequence[NodeRow | Node]
    steps: Sequence[StepRow | ClusterEvent]
    mounts: Sequence[MountRow]

    def health(self, now: datetime) -> Health | None:
        """None where it does not work."""
        if self.cluster.status not in WORKING or self.cluster.ready_at is None:
            return None
        troubles = {node.name: node.trouble for node in self.nodes}
        return health(self.cluster.ready_at, self.cluster.heard_at, troubles, now)

    def node_states(self) -> dict[str, str]:
        """For each node: waiting, booting, ready, failed, trouble or leaving."""
        states = dict.fromkeys((node.name for node in self.nodes), "ready")
        states |= progress.node_states(self.cluster.manifest, self.booting(), self.cluster.status, self.present_steps())
        if self.cluster.status in WORKING:
            states |= {node.name: "trouble" for node in self.nodes if node.trouble}
            states |= {node.name: "leaving" for node in self.nodes if node.leaving}
        return states

    def progress(self) -> Progress:
        """How far the present boot is."""
        return progress.progress(self.cluster.manifest, self.booting(), self.cluster.status, self.present_steps())

    def booting(self) -> Sequence[NodeRow | Node]:
        """The nodes that boot in the present generation; outside of a change all."""
        if self.cluster.status != Status.UPDATING:
            return self.nodes
        return [node for node in self.nodes if node.generation == self.cluster.generation and not node.leaving]

    def present_steps(self) -> list[StepRow | ClusterEvent]:
        """Those of the nodes' last boots."""
        generations = {node.name: node.generation for node in self.nodes}
        return [step for step in self.steps if step.generation == generations.get(step.node)]


Row = TypeVar("Row", bound=tuple[Any, ...])


def shown(clusters: Iterable[Cluster]) -> list[Shown]:
    """Of those that boot no more the steps of their boot are not read."""
    clusters = list(clusters)
    every = [cluster.pk for cluster in clusters]
    booting = [cluster.pk for cluster in clusters if cluster.status not in STILL]
    nodes = _by_cluster(Node.objects.filter(cluster__in=every), NodeRow)
    steps = _by_cluster(ClusterEvent.objects.filter(cluster__in=booting), StepRow)
    mounts = _mounts(every)
    for each in clusters:
        each.shown = Shown(each, nodes[each.pk], steps[each.pk], mounts[each.pk])
    return [each.shown for each in clusters]


def shown_new(cluster: Cluster, nodes: Sequence[Node], mounts: Iterable[Mount]) -> Shown:
    """Of one that was just made, without a query."""
    return Shown(
        cluster, nodes, [], [MountRow(each.folder_id, each.folder.name, each.path, each.access) for each in mounts]
    )


def shown_whole(cluster: Cluster) -> Shown:
    """With all steps and what was said at them."""
    steps = cluster.events.defer("log")
    return Shown(cluster, list(cluster.nodes.all()), list(steps), _mounts([cluster.pk])[cluster.pk])


def _mounts(clusters: Sequence[UUID]) -> Mapping[UUID, list[MountRow]]:
    named = Mount.objects.annotate(folder_name=F("folder__name"))
    return _by_cluster(named.filter(cluster__in=clusters), MountRow)


def _by_cluster(rows: QuerySet[Any], kind: type[Row]) -> Mapping[UUID, list[Row]]:
    found: defaultdict[UUID, list[Row]] = defaultdict(list)
    names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    for cluster, *values in rows.order_by("id").values_list("cluster_id", *names):
        found[cluster].append(kind(*values))
    return found
