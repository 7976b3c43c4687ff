"""When a cluster ends: put off by people, warned of and brought about by a pass."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from billing import prices
from portal import live
from portal.accounts.models import User
from portal.apart import apart
from portal.clusters import profiles, services
from portal.clusters.accounting import allocation, holding, outside, pricing
from portal.clusters.accounting.usage import Amounts
from portal.clusters.health import SILENCE
from portal.clusters.life import ends
from portal.clusters.models import Activity, Cluster, Status
from portal.courses.services import require_share
from portal.letters.services import write
from portal.locks import allocating, try_lock
from portal.refusals import Conflict, Invalid

HOUR = timedelta(hours=1)
MOST_HOURS = 8760  # at once
NOT_LONGER = "Save what you need in a folder; a teacher of the course can raise the limit."
LIVE = Q(target=Status.READY, status__in=(Status.CREATING, Status.READY, Status.UPDATING))


def extend(actor: User, cluster: Cluster, hours: int) -> None:
    """Lets it end so many hours later. Raises Invalid, NotAllowed, Conflict, LimitReached, Busy."""
    if not 1 <= hours <= MOST_HOURS:
        raise Invalid.of({"hours": f"must be from 1 to {MOST_HOURS}"})
    profiles.require_open(actor, cluster, "hours")
    agreed = outside.check_extension(cluster, hours * HOUR)
    with allocating(cluster.course):
        require_share(actor, cluster.course)
        row = Cluster.objects.select_for_update(of=("self",)).select_related("course", "owner").get(pk=cluster.pk)
        if not row.is_live:
            state = row.get_status_display().lower()
            raise Conflict(f"The cluster {row.name!r} is {state}: its end cannot be put off.", "Create a new one.")
        before = row.expires_at
        asked = _asked(row, hours)
        room = allocation.room(row.course, row.owner, allocation.bounds(row.course, row.owner))
        most = room.most(partial(_asked, row), 1, hours - 1)
        allocation.require(room, asked, f"At most {most} more would fit." if most else NOT_LONGER)
        row.expires_at = before + hours * HOUR
        row.active_at, row.activity = timezone.now(), Activity.EXTENDED
        row.save(update_fields=["expires_at", "active_at", "activity"])
        holding.add(row, Decimal(asked["credits"]))
        outside.tell_agreed(row, agreed)
        after = {"expires_at": row.expires_at.isoformat()}
        services.record(actor, "extend", row, before={"expires_at": before.isoformat()}, after=after)
        live.notify(live.cluster_topic(row.pk))


def _asked(cluster: Cluster, hours: int) -> Amounts:
    """What so many more hours take: all of the hours of one cluster, and the price of those that come."""
    until = cluster.expires_at + hours * HOUR
    nodes = pricing.machines(cluster.sizes, [node.role for node in cluster.nodes.all()])
    return {
        "hours": math.ceil((until - cluster.created_at) / HOUR),
        "credits": prices.for_time(nodes, cluster.expires_at, until),
    }


def idling(cluster: Cluster) -> ends.Idling | None:
    """None where it does not work yet, or works no more."""
    if cluster.status not in (Status.READY, Status.UPDATING) or cluster.active_at is None:
        return None
    course = cluster.course
    return ends.idling(cluster.activity, cluster.active_at, course.idle_minutes, course.idle_off_until)


def look() -> None:
    """Warns of ends that come near, and ends what nobody uses. Each warning is given once for each end."""
    with try_lock("ends of clusters") as held:
        if held:
            now = timezone.now()
            warn_of_ends(now)
            look_for_idle(now)


def warn_of_ends(now: datetime) -> None:
    """Only of an end that was farther away when the cluster was made; after a pause only the nearest warning."""
    for minutes in ends.BEFORE:
        before = timedelta(minutes=minutes)
        near = Cluster.objects.filter(LIVE, expires_at__lte=now + before, expires_at__gt=F("created_at") + before)
        for cluster in _with_people(near.exclude(warned_end=F("expires_at"), warned_before__lte=minutes)):
            with apart("end of the cluster", cluster.pk):
                _warn_of_end(cluster, minutes)


def _warn_of_end(cluster: Cluster, minutes: int) -> None:
    same = Cluster.objects.filter(LIVE, pk=cluster.pk, expires_at=cluster.expires_at)
    message = ends.ends_soon(cluster.name, cluster.course.title, cluster.expires_at, minutes, services.url_of(cluster))
    key = f"cluster {cluster.pk} ends {cluster.expires_at.isoformat()} {minutes}"
    with transaction.atomic():
        if same.update(warned_end=cluster.expires_at, warned_before=minutes):
            write(key, cluster.owner, message.subject, message.text)
            live.notify(live.cluster_topic(cluster.pk))


def look_for_idle(now: datetime) -> None:
    """Only where the master is heard of: else it is not known whether something runs."""
    heard = Q(status__in=(Status.READY, Status.UPDATING), heard_at__gt=now - SILENCE, active_at__isnull=False)
    long_ago = Q(active_at__lt=now - F("course__idle_minutes") * timedelta(minutes=1) / 2)
    for cluster in _with_people(Cluster.objects.filter(LIVE, heard & long_ago)):
        with apart("idling of the cluster", cluster.pk):
            idle = idling(cluster)
            if idle and idle.ends_at:
                _end_or_warn(cluster, idle, idle.ends_at, now)


def _end_or_warn(cluster: Cluster, idle: ends.Idling, ends_at: datetime, now: datetime) -> None:
    notice = ends.notice(cluster.course.idle_minutes or 0)
    if ends_at > now + notice:
        return
    if cluster.idle_warned_for != cluster.active_at or cluster.idle_warned_at is None:
        # Also where the end is past, as after a pause of the portal: nobody's cluster ends unwarned.
        _warn_of_idling(cluster, ends.Idling(idle.words, idle.seen_at, max(ends_at, now + notice)), now)
    elif now >= max(ends_at, cluster.idle_warned_at + notice):
        why = f"nobody used it since {ends.moment(idle.seen_at)} ({idle.words})"
        services.end(cluster, why, active_at=cluster.active_at)


def _warn_of_idling(cluster: Cluster, idle: ends.Idling, now: datetime) -> None:
    same = Cluster.objects.filter(LIVE, pk=cluster.pk, active_at=cluster.active_at)
    message = ends.ends_idle(cluster.name, cluster.course.title, idle, services.url_of(cluster))
    with transaction.atomic():
        if same.update(idle_warned_at=now, idle_warned_for=cluster.active_at):
            write(f"cluster {cluster.pk} idle {idle.seen_at.isoformat()}", cluster.owner, message.subject, message.text)
            live.notify(live.cluster_topic(cluster.pk))


def _with_people(clusters: QuerySet[Cluster]) -> QuerySet[Cluster]:
    return clusters.select_related("course", "owner")
