"""What the reconciler does to a cluster that grows, shrinks or is mended. A step that is cut off is done again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

import heat_templates
from cloudinit.frameworks.manifest import NodeName
from portal import live
from portal.cloud import stacks
from portal.cloud.models import Flavor
from portal.cloud.sessions import CloudRefused
from portal.cloud.stacks import Stack
from portal.clusters import changes, failures, metering
from portal.clusters.credentials import secret_parameters
from portal.clusters.models import Cluster, Node, Status
from portal.failure import Failure
from portal.folders import grants
from portal.folders import services as folders

log = logging.getLogger(__name__)

STACK_TIMEOUT_MINUTES = 45
STORAGE = "the storage, which has to take back the machines' access to the folders before they may go"


def learn_addresses(cluster: Cluster, stack_id: str) -> None:
    """Keeps the addresses that Heat knows by now."""
    addresses = stacks.output(cluster.course.project_id, stack_id, "hosts") or {}
    with transaction.atomic():
        learnt = sum(
            cluster.nodes.filter(name=name).exclude(address=address).update(address=address)
            for name, address in addresses.items()
            if address
        )
        if learnt:
            _tell_the_nodes(cluster)
    if learnt and cluster.mounts.exists():
        folders.wake(cluster.course)


def update_stack(cluster: Cluster, stack: Stack, nodes: list[Node]) -> None:
    """Asks Heat for the cluster without those that leave, unless that would cost more than it should.

    Their addresses may be other machines' right after, so storage must let them in no more before.
    """
    if grants.stand(cluster.pk, [node.address for node in nodes if node.leaving and node.address]):
        _await_access_end(cluster)
        return
    Cluster.objects.filter(pk=cluster.pk, waiting_for=STORAGE).update(waiting_for="")
    project = cluster.course.project_id
    leaving = [node.name for node in nodes if node.leaving]
    anew = [NodeName(node.name, node.role) for node in nodes if node.unhealthy]
    try:
        template, parameters = _wanted(cluster, nodes)
        spec = heat_templates.ClusterSpec.from_mapping(cluster.spec)
        for resource in [each for node in anew for each in heat_templates.made_anew_with(spec, node)]:
            stacks.mark_unhealthy(project, stack.id, resource, "its node is to be made anew")
        touched = stacks.touched_by_update(project, stack.id, template, parameters)
        if touched is None:
            return
        if beyond := changes.unintended(touched, leaving, [node.name for node in anew]):
            log.warning("The update of cluster %s would touch %s", cluster.id, beyond)
            _give_up(cluster, stack, failures.change_unsafe(beyond))
            return
        stacks.update(project, stack.id, template, parameters, cluster.generation, STACK_TIMEOUT_MINUTES)
    except (CloudRefused, heat_templates.SpecError) as error:
        _give_up(cluster, stack, failures.change_refused(str(error)))


def _await_access_end(cluster: Cluster) -> None:
    if cluster.waiting_for == STORAGE:
        return
    with _change_of(cluster) as row:
        if row:
            row.update(waiting_for=STORAGE)
            folders.wake(cluster.course)


def readmit(cluster: Cluster, failure: Failure) -> None:
    """Those that could not leave in time stay."""
    with _change_of(cluster) as row:
        if row:
            cluster.nodes.filter(leaving=True).exclude(kept_by="").update(leaving=False, kept_by=None)
            row.update(change_failure=failure.as_json())
            _tell_the_nodes(cluster)


def undo_growth(cluster: Cluster, failure: Failure) -> None:
    """What joined before the growth failed may hold blocks already: it leaves as any other."""
    with _change_of(cluster) as row:
        if row:
            cluster.nodes.filter(generation=cluster.generation, unhealthy=False).update(leaving=True, kept_by=None)
            row.update(change_failure=failure.as_json(), generation=F("generation") + 1)
            _tell_the_nodes(cluster)


def try_again(cluster: Cluster) -> None:
    with _change_of(cluster) as row:
        if row:
            row.update(generation=F("generation") + 1, attempts=F("attempts") + 1)


def dismiss(cluster: Cluster) -> None:
    with _change_of(cluster) as row:
        if row:
            cluster.nodes.filter(leaving=True).delete()
            _tell_the_nodes(cluster)


def end(cluster: Cluster, failure: Failure | None) -> None:
    """The cluster is ready again, with the nodes that it has now."""
    with _change_of(cluster) as row:
        if not row:
            return
        metering.meter_cluster(cluster)  # up to now it was as large as before
        nodes = list(cluster.nodes.all())
        if failure is None:
            cluster.nodes.update(unhealthy=False)
        row.update(**_settled(cluster, nodes), **({"change_failure": failure.as_json()} if failure else {}))


def _give_up(cluster: Cluster, stack: Stack, failure: Failure) -> None:
    """Heat was not asked: all is as it was before the change."""
    with _change_of(cluster) as row:
        if row:
            cluster.nodes.filter(generation=cluster.generation, generation__gt=1, unhealthy=False).delete()
            cluster.nodes.update(leaving=False, kept_by=None)
            nodes = list(cluster.nodes.all())
            row.update(**_settled(cluster, nodes), change_failure=failure.as_json(), generation=stack.generation)
            _tell_the_nodes(cluster)


@contextmanager
def _change_of(cluster: Cluster) -> Iterator[QuerySet[Cluster] | None]:
    """The row, locked, while it still is in this very change: else a person was faster, and the next pass decides."""
    with transaction.atomic():
        same = Cluster.objects.filter(
            pk=cluster.pk, status=cluster.status, target=cluster.target, generation=cluster.generation
        )
        yield same if same.select_for_update().exists() else None
        live.notify(live.cluster_topic(cluster.pk))


def _tell_the_nodes(cluster: Cluster) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(hosts_changed_at=timezone.now())
    live.notify(live.hosts_topic(cluster.pk))
    live.notify(live.cluster_topic(cluster.pk))


def _wanted(cluster: Cluster, nodes: list[Node]) -> tuple[str, dict[str, Any]]:
    """The template of the nodes that stay, and the values of its parameters."""
    spec = heat_templates.ClusterSpec.from_mapping(_spec(cluster, nodes))
    rendering = heat_templates.render(spec)
    return rendering.template, {**rendering.parameters, **secret_parameters(cluster)}


def _spec(cluster: Cluster, nodes: list[Node]) -> dict[str, Any]:
    workers = [node for node in nodes if node.role != cluster.manifest.master.name]
    return {**cluster.spec, "workers": changes.staying_numbers(workers)}


def _settled(cluster: Cluster, nodes: list[Node]) -> dict[str, Any]:
    """The row of a cluster that is ready with these nodes."""
    spec = _spec(cluster, nodes)
    more = len(spec["workers"]) - cluster.workers
    flavor = Flavor.objects.filter(name=cluster.flavor).first()
    return {
        "spec": spec,
        "vcpus": cluster.vcpus + more * (flavor.vcpus if flavor else 0),
        "memory_mb": cluster.memory_mb + more * (flavor.memory_mb if flavor else 0),
        "status": Status.READY,
        "attempts": 0,
        "waiting_for": "",
    }
