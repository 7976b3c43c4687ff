"""From facts to meters: a node counts from when its cluster, or the change that brought it, was ready, to its end.

Nothing here is waited for by a deletion: that a cluster ended is read from its row afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from billing import credit, metering, prices, rating, settling
from billing.models import Hold, Meter
from portal.clusters.models import Cluster, Node, Status
from portal.folders import metering as folders


def follow(cluster: Cluster, at: datetime) -> None:
    """The cluster's meters are from now on those of its nodes. Of what leaves none begins: its growth failed."""
    nodes = list(Node.objects.filter(cluster=cluster))
    metering.ended(cluster.pk, at, but=[_resource(node) for node in nodes])
    metering.began(
        cluster.pk,
        [_service(cluster, node) for node in nodes if not node.leaving],
        at,
        course=cluster.course.name,
        person=cluster.owner.username,
    )


def meter() -> None:
    """A pass. Two at once are harmless, and after a time without any the next one does it all."""
    now = timezone.now()
    folders.follow_all()
    _follow_unknown()
    _follow_ended()
    metering.measure(now)
    rating.rate()
    _release_holds()


def unmeasured(cluster: Cluster, now: datetime) -> Decimal:
    """What it has used and no meter has told yet, and what it will use until its end."""
    end = cluster.ended_at or max(cluster.expires_at, now)
    meters = list(Meter.objects.filter(subject=cluster.pk))
    known = {meter.resource for meter in meters}
    parts: dict[tuple[datetime, datetime], list[tuple[str, int]]] = defaultdict(list)
    for meter in meters:
        parts[meter.measured_to or meter.began_at, meter.ended_at or end].append((meter.name, meter.quantity))
    if not cluster.ended_at:
        coming = [node for node in cluster.nodes.all() if not node.leaving and _resource(node) not in known]
        services = [_service(cluster, node) for node in coming]
        parts[now, end] += [(service.name, service.quantity) for service in services]
    return sum((prices.for_time(nodes, start, until) for (start, until), nodes in parts.items() if nodes), Decimal())


def cost(cluster: Cluster, now: datetime) -> Decimal:
    """What it has cost so far: what is charged, what is measured and not charged yet, and what is used and not measured
    yet."""
    meters = list(Meter.objects.filter(subject=cluster.pk))
    open_ones = [(each, each.ended_at or cluster.ended_at or now) for each in meters]
    unmeasured = (
        prices.for_time([(each.name, each.quantity)], each.measured_to or each.began_at, end)
        for each, end in open_ones
        if (each.measured_to or each.began_at) < end
    )
    measured = credit.charged([each.resource for each in meters]) + rating.unrated([cluster.pk]).get(
        cluster.pk, Decimal()
    )
    return measured + sum(unmeasured, Decimal())


def _follow_unknown() -> None:
    """Clusters from before there were meters."""
    unknown = Cluster.objects.filter(~Exists(Meter.objects.filter(subject=OuterRef("pk"))), ready_at__isnull=False)
    for cluster in unknown.filter(ended_at=None).select_related("course", "owner"):
        assert cluster.ready_at
        follow(cluster, cluster.ready_at)


def _follow_ended() -> None:
    running = metering.running(Meter.Kind.NODE).values("subject")
    for pk, ended_at in Cluster.objects.filter(pk__in=running, ended_at__isnull=False).values_list("pk", "ended_at"):
        assert ended_at
        metering.ended(pk, ended_at)


def _release_holds() -> None:
    """Of clusters that ended, once they are measured and charged to their end."""
    ended = Cluster.objects.filter(Q(ended_at__isnull=False) | Q(status__in=(Status.FAILED, Status.DELETED)))
    settling.release_charged(ended.filter(pk__in=Hold.objects.values("resource")).values_list("pk", flat=True))


def _resource(node: Node) -> str:
    return f"{node.cluster_id}/{node.name}"


def _service(cluster: Cluster, node: Node) -> metering.Service:
    size = cluster.sizes.get(node.role, {})
    flavor = str(size.get("flavor") or cluster.flavor)
    return metering.Service(_resource(node), Meter.Kind.NODE, flavor, int(size.get("gpus", 0)))
