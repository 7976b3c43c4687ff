"""What the university's own billing, where it decides, is asked and told of clusters, each a lease in Blazar's words.

It is asked before the course's lock is taken, as it may be slow. Whether something ends is never asked: it is told.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from billing import outbox, prices
from billing import outside as billing
from billing.models import Notice
from portal.clusters.accounting import pricing
from portal.clusters.models import Cluster, Node
from portal.refusals import Conflict, Unavailable

log = logging.getLogger(__name__)

Lease = dict[str, Any]  # the body of a call


class SaidNo(Conflict):
    code = "billing-says-no"
    title = "The university's billing says no"


def check_create(cluster: Cluster) -> None:
    """Raises SaidNo, and Unavailable where it is silent and that counts as a no."""
    if settings.BILLING:
        _ask("check-create", _lease(cluster, _planned(cluster)))


def check_extension(cluster: Cluster, longer: timedelta) -> Lease | None:
    """What it was asked, for tell_agreed; None where it decides nothing. As check_create."""
    if not settings.BILLING:
        return None
    row = _as_it_is(cluster)
    row.expires_at += longer
    return _ask("check-update", _lease(row, _roles(row)))


def check_growth(cluster: Cluster, workers: int | None) -> Lease | None:
    """As check_extension. What gives back, and what will be refused anyhow, it is not asked for."""
    if not settings.BILLING or workers is None or workers > cluster.manifest.maximum_workers:
        return None
    row = _as_it_is(cluster)
    roles = _roles(row)
    present = [role for role in roles if role != row.manifest.master.name]
    more = workers - len(present)
    return _ask("check-update", _lease(row, [*roles, *present[:1] * more])) if more > 0 else None


def tell_create(cluster: Cluster) -> None:
    if settings.BILLING:
        outbox.tell(Notice.Verb.CREATE, cluster.pk, _lease(cluster, _planned(cluster)))


def tell_agreed(cluster: Cluster, asked: Lease | None) -> None:
    """What was just done with it, which must be what was asked. Raises Conflict, for the transaction to be undone."""
    if settings.BILLING:
        row = _as_it_is(cluster)
        now = _lease(row, _roles(row))
        if asked is None or any(asked[name] != now[name] for name in ("nodes", "ends_at")):
            raise Conflict(
                f"The cluster {cluster.name!r} was changed by somebody else at this moment.",
                "Look at it, and ask again.",
            )
        outbox.tell(Notice.Verb.UPDATE, cluster.pk, now)


def tell_update(cluster: Cluster) -> None:
    """What has become of it: a node has left, a growth has failed."""
    if settings.BILLING:
        row = _as_it_is(cluster)
        outbox.tell(Notice.Verb.UPDATE, row.pk, _lease(row, _roles(row)))


def tell_end(cluster: Cluster, at: datetime) -> None:
    if settings.BILLING:
        ready_at = Cluster.objects.values_list("ready_at", flat=True).get(pk=cluster.pk)
        body = {"lease": str(cluster.pk), "at": at.isoformat(), "ready_at": ready_at and ready_at.isoformat()}
        outbox.tell(Notice.Verb.ON_END, cluster.pk, body)


def _ask(verb: str, lease: Lease) -> Lease:
    assert settings.BILLING
    try:
        billing.call(settings.BILLING, verb, lease)
    except billing.Refused as error:
        raise SaidNo(
            f"The university's billing says no: {error}", "Ask for less, or ask those who keep its accounts."
        ) from error
    except billing.Silent as error:
        log.warning("The university's billing does not answer %s: %s", verb, error)
        if not settings.BILLING.lends_in_silence:
            raise Unavailable(
                "The university's billing does not answer, and nothing is lent without its word.",
                "Try again in a minute.",
            ) from error
    return lease


def _as_it_is(cluster: Cluster) -> Cluster:
    return Cluster.objects.select_related("course", "owner").get(pk=cluster.pk)


def _planned(cluster: Cluster) -> list[str]:
    """The roles of a cluster whose nodes are not rows yet."""
    return [node.role for node in cluster.manifest.nodes(cluster.worker_numbers)]


def _roles(cluster: Cluster) -> list[str]:
    """Without those that leave."""
    return list(Node.objects.filter(cluster=cluster, leaving=False).values_list("role", flat=True))


def _lease(cluster: Cluster, roles: Sequence[str]) -> Lease:
    """As our own contract has it (portal/credits/leases.py), with the nodes. The price of an hour is that of now."""
    machines = list(pricing.machines(cluster.sizes, roles))
    return {
        "lease": str(cluster.pk),
        "course": cluster.course.name,
        "person": cluster.owner.username,
        "name": cluster.name,
        "ends_at": cluster.expires_at.isoformat(),
        "hourly": str(prices.hourly(machines, timezone.now())),
        "nodes": dict(Counter(flavor for flavor, _ in machines)),
    }
