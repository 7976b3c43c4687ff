"""What the reconciler does to a cluster that grows, shrinks or is mended. A step that is cut off is done again."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

import heat_templates
from cloudinit.frameworks.manifest import NodeName
from portal import live
from portal.cloud import stacks
from portal.cloud.sessions import CloudRefused
from portal.cloud.stacks import Stack
from portal.clusters.accounting import metering, outside
from portal.clusters.credentials import KeyGone, secret_parameters
from portal.clusters.life import changes, failures
from portal.clusters.models import Cluster, Node, Status
from portal.clusters.offers import size_together
from portal.failure import Failure
from portal.folders import grants
from portal.folders import services as folders

log = logging.getLogger(__name__)

STACK_TIMEOUT_MINUTES = 45
LONGEST_BUSY = timedelta(minutes=10)
BUSY = "the cloud, which is still busy with this cluster's machines; this goes on by itself"
STORAGE = "the storage, which has to take back the machines' access to the folders before they may go"


def learn_addresses(cluster: Cluster, stack_id: str) -> None:
    """Keeps the addresses that Heat knows by now."""
    project = cluster.course.project_id
    addresses = stacks.output(project, stack_id, "hosts") or {}
    if cluster.spec.get("floating_ip") and not cluster.floating_ip:
        cluster.floating_ip = stacks.output(project, stack_id, "floating_ip")
        Cluster.objects.filter(pk=cluster.pk).update(floating_ip=cluster.floating_ip)
    with transaction.atomic():
        learnt = sum(
            cluster.nodes.filter(name=name).exclude(address=address).update(address=address)
            for name, address in addresses.items()
            if address
        )
        if learnt:
            _tell_the_nodes(cluster)


def update_stack(cluster: Cluster, stack: Stack, nodes: list[Node]) -> None:
    """Asks Heat for the cluster without those that leave, unless that would cost more than it should.

    Their addresses may be other machines' right after, so storage must let them in no more before.
    """
    if grants.stand(cluster.pk, [node.address for node in nodes if node.leaving and node.address]):
        await_access_end(cluster)
        return
    Cluster.objects.filter(pk=cluster.pk, waiting_for=STORAGE).update(waiting_for="")
    try:
        failure = _ask_for_update(cluster, stack.id, nodes)
    except (CloudRefused, KeyGone, heat_templates.SpecError) as error:
        failure = failures.change_refused(str(error))
    if failure:
        _give_up(cluster, stack.id, failure)


def _ask_for_update(cluster: Cluster, stack_id: str, nodes: list[Node]) -> Failure | None:
    """Why the change cannot be, if so. Raises CloudUnavailable, CloudRefused, KeyGone, SpecError."""
    project = cluster.course.project_id
    template, parameters = _wanted(cluster, nodes)
    for resource in _made_anew(cluster):
        stacks.mark_unhealthy(project, stack_id, resource, "its node is to be made anew")
    touched = stacks.touched_by_update(project, stack_id, template, parameters)
    if touched is None:
        return _await_heat(cluster)
    leaving = [node.name for node in nodes if node.leaving] + _left_over(cluster, nodes)
    if beyond := changes.unintended(touched, leaving, [node.name for node in nodes if node.unhealthy]):
        log.warning("The update of cluster %s would touch %s", cluster.id, beyond)
        return failures.change_unsafe(beyond)
    staying = sum(not node.leaving for node in nodes)
    if not stacks.update(project, stack_id, template, parameters, cluster.generation, STACK_TIMEOUT_MINUTES, staying):
        return _await_heat(cluster)
    with _change_of(cluster) as row:
        if row:
            row.update(waiting_for="", busy_since=None)
    return None


def _made_anew(cluster: Cluster) -> list[str]:
    """The resources of the nodes that are to be made anew."""
    spec = heat_templates.ClusterSpec.from_mapping(cluster.spec)
    nodes = [NodeName(node.name, node.role) for node in cluster.nodes.all() if node.unhealthy]
    return [resource for node in nodes for resource in heat_templates.made_anew_with(spec, node)]


def _left_over(cluster: Cluster, nodes: list[Node]) -> list[str]:
    """Workers that there were once: Heat may have them still, where a growth was refused that it had begun."""
    known = {node.name for node in nodes}
    return [node.name for node in cluster.manifest.nodes(cluster.highest_number) if node.name not in known]


def _await_heat(cluster: Cluster) -> Failure | None:
    """Waits while Heat is busy with the stack, though its list says that it is done; that is told, and bounded."""
    now = timezone.now()
    if now - (cluster.busy_since or now) > LONGEST_BUSY:
        return failures.cloud_busy()
    if cluster.waiting_for == BUSY:
        return None
    with _change_of(cluster) as row:
        if row:
            row.update(waiting_for=BUSY, busy_since=cluster.busy_since or now)
    return None


def await_access_end(cluster: Cluster) -> None:
    """Has the storage take back what it still lets in, and says so."""
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
            metering.follow(cluster, timezone.now())
            _tell_the_nodes(cluster)


def end(cluster: Cluster, failure: Failure | None) -> None:
    """The cluster is ready again, with the nodes that it has now."""
    if failure:
        _unmark(cluster, str(cluster.stack_id))
    with _change_of(cluster) as row:
        if not row:
            return
        metering.follow(cluster, timezone.now())
        nodes = Node.objects.filter(cluster=cluster)
        nodes.update(unhealthy=False)
        row.update(**_settled(cluster, nodes), **({"change_failure": failure.as_json()} if failure else {}))
        outside.tell_update(cluster)


def _give_up(cluster: Cluster, stack_id: str, failure: Failure) -> None:
    """The update will not be: the cluster is what it last was ready with.

    What was never a part of it and leaves, as its growth failed, still does so with the next change.
    """
    _unmark(cluster, stack_id)
    with _change_of(cluster) as row:
        if row:
            before = [node.name for node in cluster.manifest.nodes(cluster.worker_numbers)]
            nodes = Node.objects.filter(cluster=cluster)
            nodes.filter(leaving=False).exclude(name__in=before).delete()
            nodes.filter(name__in=before).update(leaving=False, kept_by=None, unhealthy=False)
            row.update(**_settled(cluster, nodes), change_failure=failure.as_json())
            outside.tell_update(cluster)
            _tell_the_nodes(cluster)


def _unmark(cluster: Cluster, stack_id: str) -> None:
    """Else the next update would replace what was to be made anew, whatever has become of it. A mark that stays is seen
    by that update's preview."""
    try:
        for resource in _made_anew(cluster):
            stacks.mark_healthy(cluster.course.project_id, stack_id, resource)
    except (CloudRefused, heat_templates.SpecError) as error:
        log.warning("Marks of cluster %s stay: %s", cluster.id, error)


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
    if cluster.mounts.exists():
        folders.wake(cluster.course)


def _wanted(cluster: Cluster, nodes: list[Node]) -> tuple[str, dict[str, Any]]:
    """The template of the nodes that stay, and the values of its parameters."""
    spec = heat_templates.ClusterSpec.from_mapping(_spec(cluster, nodes))
    rendering = heat_templates.render(spec)
    return rendering.template, {**rendering.parameters, **secret_parameters(cluster)}


def _spec(cluster: Cluster, nodes: Iterable[Node]) -> dict[str, Any]:
    workers = [node for node in nodes if node.role != cluster.manifest.master.name]
    return {**cluster.spec, "workers": changes.staying_numbers(workers)}


def _settled(cluster: Cluster, nodes: Iterable[Node]) -> dict[str, Any]:
    """The row of a cluster that is ready with these nodes."""
    size = size_together(cluster.sizes, [node.role for node in nodes if not node.leaving]) if cluster.sizes else {}
    return {
        "spec": _spec(cluster, nodes),
        **size,
        "status": Status.READY,
        "attempts": 0,
        "waiting_for": "",
        "busy_since": None,
    }
