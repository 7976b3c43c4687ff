"""From facts to meters: a node counts from when its cluster, or the change that brought it, was ready, to its end.

Nothing here is waited for by a deletion: that a cluster ended is read from its row afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from billing import costs, metering, prices, rating, settling
from billing.costs import Cost
from billing.models import Hold, Meter
from billing.prices import Card
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


@dataclass(frozen=True)
class Reading:
    """What the meters of some clusters say and the rates, read at once."""

    meters: Mapping[UUID, list[Meter]]
    card: Card

    def unmeasured(self, cluster: Cluster, now: datetime) -> Decimal:
        """What the cluster has used and no meter has told yet, and what it will use until its end."""
        end = _end(cluster, now)
        meters = self.meters.get(cluster.pk, [])
        known = {meter.resource for meter in meters}
        parts: dict[tuple[datetime, datetime], list[tuple[str, int]]] = defaultdict(list)
        for meter in meters:
            parts[meter.measured_to or meter.began_at, meter.ended_at or end].append((meter.name, meter.quantity))
        if not cluster.ended_at:
            services = [_service(cluster, node) for node in cluster.nodes.all() if not node.leaving]
            parts[now, end] += [(each.name, each.quantity) for each in services if each.resource not in known]
        return sum((self.card.for_time(nodes, start, until) for (start, until), nodes in parts.items()), Decimal())


def read(clusters: Sequence[Cluster], now: datetime) -> Reading:
    """As many queries for many as for one, where their nodes were read before."""
    meters: dict[UUID, list[Meter]] = defaultdict(list)
    for meter in Meter.objects.filter(subject__in=[cluster.pk for cluster in clusters]):
        meters[meter.subject].append(meter)
    flavors = {meter.name for found in meters.values() for meter in found}
    flavors |= {_service(cluster, node).name for cluster in clusters for node in cluster.nodes.all()}
    return Reading(meters, prices.card(flavors, max((_end(cluster, now) for cluster in clusters), default=now)))


def unmeasured(cluster: Cluster, now: datetime) -> Decimal:
    """As a reading of its own says."""
    return read([cluster], now).unmeasured(cluster, now)


def cost(cluster: Cluster, now: datetime) -> Cost:
    """Of what has ended nothing is to come, though the pass that ends its meters has not been yet."""
    found = costs.of_nodes(cluster.pk, cluster.ended_at or now)
    return replace(found, hourly=Decimal()) if cluster.ended_at else found


def _end(cluster: Cluster, now: datetime) -> datetime:
    return cluster.ended_at or max(cluster.expires_at, now)


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
