"""What is shown of clusters beside their own rows: how far a boot is, how the nodes are, which folders are mounted.

A page of a list has hundreds of nodes. They are read at once, as tuples: a model for each, and what Django's
prefetching does for each cluster, took most of the time of a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from django.db import connection

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


# Written by hand, as one statement for all kinds of parts: the answers with the most rows wait for it.
_PARTS = """
SELECT cluster.id,
       (SELECT json_agg(json_build_array(name, role, host(address), generation, trouble, leaving, kept_by, storage)
                        ORDER BY node.id)
        FROM clusters_node AS node WHERE node.cluster_id = cluster.id),
       (SELECT json_agg(json_build_array(node, step, state, generation) ORDER BY event.id)
        FROM clusters_clusterevent AS event
        WHERE event.cluster_id = cluster.id AND cluster.id = ANY(%(booting)s)),
       (SELECT json_agg(json_build_array(folder.id, folder.name, path, access) ORDER BY mount.id)
        FROM folders_mount AS mount JOIN folders_folder AS folder ON folder.id = mount.folder_id
        WHERE mount.cluster_id = cluster.id)
FROM clusters_cluster AS cluster WHERE cluster.id = ANY(%(every)s)
"""


def shown(clusters: Iterable[Cluster]) -> list[Shown]:
    """Of those that boot no more the steps of their boot are not read."""
    rows = {cluster.pk: cluster for cluster in clusters}
    booting = [pk for pk, cluster in rows.items() if cluster.status not in STILL]
    with connection.cursor() as cursor:
        cursor.execute(_PARTS, {"every": list(rows), "booting": booting})
        for pk, *parts in cursor.fetchall():
            nodes, steps, mounts = (part or () for part in parts)
            rows[pk].shown = Shown(
                rows[pk],
                [NodeRow(*node) for node in nodes],
                [StepRow(*step) for step in steps],
                [MountRow(*mount) for mount in mounts],
            )
    return [cluster.shown for cluster in rows.values()]


def shown_new(cluster: Cluster, nodes: Sequence[Node], mounts: Iterable[Mount]) -> Shown:
    """Of one that was just made, without a query."""
    named = [MountRow(str(each.folder_id), each.folder.name, each.path, each.access) for each in mounts]
    return Shown(cluster, nodes, [], named)


def shown_whole(cluster: Cluster) -> Shown:
    """With all steps and what was said at them."""
    (known,) = shown([cluster])
    return replace(known, nodes=list(cluster.nodes.all()), steps=list(cluster.events.defer("log")))
