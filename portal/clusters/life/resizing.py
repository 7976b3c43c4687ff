"""What people ask of a cluster that is ready: more workers, fewer, or some made anew. The reconciler does the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django.db.models import F
from django.utils import timezone

import heat_templates
from cloudinit.frameworks.manifest import next_numbers, node_number
from portal import live
from portal.accounts.models import User
from portal.clusters import profiles
from portal.clusters.accounting import allocation, holding, outside, pricing
from portal.clusters.credentials import KeyGone, key_of
from portal.clusters.life import changes
from portal.clusters.models import Cluster, Node, Status
from portal.clusters.services import record, require_ready, wake
from portal.courses.services import require_share
from portal.locks import allocating
from portal.refusals import Conflict, Invalid, LimitReached


def resize(actor: User | None, cluster: Cluster, workers: int | None = None, remove: Sequence[str] = ()) -> None:
    """Lets the cluster become one of so many workers (those that hold least leave), or one without those in `remove`.

    The same wish again changes nothing more. Raises Invalid, NotAllowed, Conflict, LimitReached, Busy.
    """
    _require_changeable(cluster)
    if actor:
        profiles.require_open(actor, cluster, "workers")
    agreed = outside.check_growth(cluster, workers)
    with allocating(cluster.course), _to_change(cluster) as (row, nodes):
        require_ready(row)
        present = [node for node in nodes if node.role != row.manifest.master.name]
        staying = [node for node in present if not node.leaving]
        leaving = set(remove) if workers is None else set(changes.emptiest(present, len(staying) - workers))
        _check_names("remove", leaving, present)
        more = max(0, (workers or 0) - len(staying))
        leaving -= {node.name for node in present if node.leaving}
        if not more and not leaving and (row.status == Status.UPDATING or len(staying) == len(present)):
            return
        _require_settled(row)
        if more:
            require_share(actor or row.owner, row.course)
            _add_workers(row, present, staying, more)
            outside.tell_agreed(row, agreed)
        else:
            _check_room(row, leaving, present)
        row.nodes.filter(name__in=leaving).update(leaving=True, kept_by=None)
        after = {"workers": len(staying) + more - len(leaving), **({"leaving": sorted(leaving)} if leaving else {})}
        record(actor, "resize", row, before={"workers": len(staying)}, after=after)
        _begin_change(row)


def repair(actor: User | None, cluster: Cluster, names: Sequence[str] = ()) -> None:
    """Lets the cloud make these workers anew, or all that are in trouble; where they are being so made, nothing more.

    Raises Invalid, Conflict.
    """
    _require_changeable(cluster)
    with _to_change(cluster) as (row, nodes):
        master = row.manifest.master.name
        workers = [node for node in nodes if node.role != master and not node.leaving]
        if master in names:
            raise Conflict(
                "The master cannot be made anew: the names of all files in HDFS are on it, and would be lost.",
                "Delete this cluster and create a new one. What is in folders stays.",
            )
        _check_names("nodes", names, workers)
        under_way = {node.name for node in workers if node.unhealthy}
        if row.status == Status.UPDATING and under_way and under_way.issuperset(names):
            return
        _require_settled(row)
        copies = _copies(row, workers)
        wanted = changes.to_be_made_anew(names, workers, copies)
        if not wanted:
            raise Conflict("No worker of this cluster is in trouble.", "There is nothing to repair.")
        _check_copies(wanted, workers, copies)
        row.nodes.filter(name__in=wanted).update(unhealthy=True, generation=row.generation + 1, trouble="")
        record(actor, "repair", row, after={"nodes": sorted(wanted)})
        _begin_change(row)


def _require_changeable(cluster: Cluster) -> None:
    if why := cluster.runtime.fixed:
        raise Conflict(
            f"The machines of this cluster stay as they are: {why}",
            "Create a new cluster as you need it, and delete this one. What is in its HDFS goes with it.",
        )


@contextmanager
def _to_change(cluster: Cluster) -> Iterator[tuple[Cluster, list[Node]]]:
    """The row as it is now, locked, and its nodes."""
    with transaction.atomic():
        row = Cluster.objects.select_for_update(of=("self",)).select_related("course", "owner").get(pk=cluster.pk)
        yield row, list(row.nodes.all())


def _begin_change(row: Cluster) -> None:
    Cluster.objects.filter(pk=row.pk).update(
        status=Status.UPDATING, generation=F("generation") + 1, hosts_changed_at=timezone.now(), change_failure=None
    )
    live.notify(live.hosts_topic(row.pk))
    live.notify(live.cluster_topic(row.pk))
    wake(row.course)


def _require_settled(row: Cluster) -> None:
    if row.status == Status.UPDATING:
        raise Conflict("The cluster is being changed already.", "Wait until it is ready again.")
    require_ready(row)
    try:
        key_of(row)
    except KeyGone as error:
        raise Conflict(str(error), "Show this to your administrator.") from error


def _check_names(field: str, names: Iterable[str], workers: Iterable[Node]) -> None:
    known = [node.name for node in workers]
    if unknown := sorted(set(names) - set(known)):
        raise Invalid.of({field: f"there is no worker {', '.join(unknown)}; there are {', '.join(known)}"})


def _check_room(row: Cluster, leaving: Collection[str], workers: Sequence[Node]) -> None:
    if why := changes.why_not_without(leaving, workers, row.manifest, row.spec.get("settings") or {}):
        raise LimitReached(f"{', '.join(sorted(leaving))}: {why}", "Remove fewer workers, or delete files first.")


def _check_copies(anew: Collection[str], workers: Sequence[Node], copies: int) -> None:
    if why := changes.why_not_anew(anew, workers, copies):
        raise Conflict(
            f"{', '.join(sorted(anew))}: {why}",
            "Services that ended are started again by themselves: wait, and look again. If HDFS holds nothing that you "
            "need, delete this cluster and create a new one.",
        )


def _copies(row: Cluster, workers: Sequence[Node]) -> int:
    return changes.copies_kept(row.manifest, row.spec.get("settings") or {}, len(workers))


def _add_workers(row: Cluster, workers: Sequence[Node], staying: Sequence[Node], more: int) -> None:
    most = row.manifest.maximum_workers
    if len(staying) + more > most:
        raise Invalid.of({"workers": f"must be a whole number from {row.manifest.minimum_workers} to {most}"})
    highest = max(row.highest_number, *(node_number(node.name) for node in workers))
    _, *numbers = next_numbers([highest], more)
    _check_size(row, [*changes.staying_numbers(staying), *numbers])
    role = workers[0].role
    estimate = pricing.estimate(row.manifest, row.sizes, timezone.now(), row.expires_at)
    room = allocation.room(row.course, row.owner, allocation.bounds(row.course, row.owner))
    allocation.require_growth(room, estimate, role, len(staying), more)
    holding.add(row, estimate.until_end[role] * more)
    new = [node for node in row.manifest.nodes(numbers) if node.role == role]
    Node.objects.bulk_create(
        Node(cluster=row, name=node.name, role=node.role, generation=row.generation + 1) for node in new
    )
    Cluster.objects.filter(pk=row.pk).update(highest_number=numbers[-1])


def _check_size(row: Cluster, numbers: Sequence[int]) -> None:
    """What would be too large for Heat is refused at once."""
    try:
        heat_templates.render(heat_templates.ClusterSpec.from_mapping({**row.spec, "workers": numbers}))
    except heat_templates.SpecError as error:
        raise Invalid.of(error.fields) from error
