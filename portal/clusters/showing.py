"""What is shown of clusters beside their own rows: how far a boot is, how the nodes are, which folders are mounted.

A page of a list has hundreds of nodes. They are read at once, as tuples: a model for each, and what Django's
prefetching does for each cluster, took most of the time of a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Field, QuerySet
from django.db.models.expressions import RawSQL

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
    folder_id: str
    folder_name: str
    path: str
    access: str


@dataclass(frozen=True)
class Shown:
    """`owner` is a username; `steps` are those that nodes have ended, of all boots; the rows may be models as well."""

    cluster: Cluster
    owner: str
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


# Written by hand, as one column for all kinds of parts: the answers with the most rows wait for it. The steps are read
# only of clusters that still boot.
_PARTS = """
(SELECT json_build_array(
    (SELECT username FROM accounts_user AS owner WHERE owner.id = clusters_cluster.owner_id),
    (SELECT json_agg(json_build_array(name, role, host(address), generation, trouble, leaving, kept_by, storage)
                     ORDER BY node.id)
     FROM clusters_node AS node WHERE node.cluster_id = clusters_cluster.id),
    (SELECT json_agg(json_build_array(node, step, state, event.generation) ORDER BY event.id)
     FROM clusters_clusterevent AS event
     WHERE event.cluster_id = clusters_cluster.id AND clusters_cluster.status <> ALL(%s)),
    (SELECT json_agg(json_build_array(folder.id, folder.name, path, access) ORDER BY mount.id)
     FROM folders_mount AS mount JOIN folders_folder AS folder ON folder.id = mount.folder_id
     WHERE mount.cluster_id = clusters_cluster.id)))
"""
_READ: dict[str, Any] = {"parts": RawSQL(_PARTS, (list(STILL),), Field())}  # noqa: S611, nothing in it is anybody's input


def with_parts(clusters: QuerySet[Cluster]) -> QuerySet[Cluster]:
    """The same ones, each read with its parts, for `shown`. Their owners are no join: the database would make it before
    it takes the few of a page."""
    return clusters.select_related(None).select_related("course").annotate(**_READ)


def shown(cluster: Cluster) -> Shown:
    """Of one that was read with its parts."""
    owner, *parts = cluster.parts
    nodes, steps, mounts = (part or () for part in parts)
    cluster.shown = Shown(
        cluster,
        owner,
        [NodeRow(*node) for node in nodes],
        [StepRow(*step) for step in steps],
        [MountRow(*mount) for mount in mounts],
    )
    return cluster.shown


def shown_new(cluster: Cluster, nodes: Sequence[Node], mounts: Iterable[Mount]) -> Shown:
    """Of one that was just made, without a query."""
    named = [MountRow(str(each.folder_id), each.folder.name, each.path, each.access) for each in mounts]
    return Shown(cluster, cluster.owner.username, nodes, [], named)


def whole(known: Shown) -> Shown:
    """With all steps, and what was said at them."""
    cluster = known.cluster
    return replace(known, nodes=list(cluster.nodes.all()), steps=list(cluster.events.defer("log")))
