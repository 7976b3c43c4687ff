"""What people and nodes do to clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from psycopg.errors import UniqueViolation

from portal import live
from portal.accounts.models import User
from portal.clusters import profiles
from portal.clusters.accounting import allocation, holding, outside, pricing
from portal.clusters.hosts import host_list
from portal.clusters.life import ends
from portal.clusters.models import TROUBLE_LIMIT, Activity, Cluster, ClusterEvent, Node, Status
from portal.clusters.showing import Shown, shown, shown_new, with_parts
from portal.clusters.wishes import Wish, cluster_of
from portal.courses import passes
from portal.courses.models import Course
from portal.courses.rights import IN_ARCHIVED, OWNER, Deed, may
from portal.courses.services import course_of, courses_where, parts_of, require_present
from portal.folders import services as folders
from portal.folders.models import Mount
from portal.letters.services import write
from portal.locks import allocating
from portal.refusals import Conflict, Invalid, NotAllowed, NotFound
from portal.trail import services as trail

# Heat takes a moment from the last node's signal to the end of the stack; the regular passes come too seldom for that.
AFTER_THE_LAST_SIGNAL = (0.1, 0.4, 0.8)  # seconds
SIGNS_APART = timedelta(seconds=20)


class AnyOf(Func):
    """Whether a value is one of an array. PostgreSQL makes the array once and looks for it in an index; for IN it reads
    all clusters that there ever were."""

    arg_joiner, template = " = ANY(", "%(expressions)s)"
    output_field = BooleanField()


def visible_to(user: User) -> QuerySet[Cluster]:
    """One's own clusters, and those of the courses in which one may see all: everything to an administrator."""
    clusters = Cluster.objects.select_related("course", "owner")
    if user.is_administrator:
        return clusters
    led = ArraySubquery(courses_where(user, Deed.SEE_CLUSTER).order_by().values("pk"))
    return clusters.filter(Q(owner=user) | Q(AnyOf(F("course"), led)))


def find(user: User, cluster_id: UUID) -> Cluster:
    """Raises NotFound also for clusters of others: that they exist is a secret."""
    return _one(visible_to(user), cluster_id)


def show(user: User, cluster_id: UUID) -> Shown:
    """As find, with its nodes and how far they are."""
    return shown(_one(with_parts(visible_to(user)), cluster_id))


def _one(visible: QuerySet[Cluster], cluster_id: UUID) -> Cluster:
    cluster = visible.filter(pk=cluster_id).first()
    if cluster is None:
        raise NotFound("cluster")
    return cluster


def permitted(user: User, cluster_id: UUID, deed: Deed) -> Cluster:
    """As find, for what not everybody who sees it may do. Raises NotFound, NotAllowed, and Conflict where its course is
    archived."""
    cluster = find(user, cluster_id)
    if not may(deed, parts_in(user, cluster)):
        raise NotAllowed(f"You may not {deed}.", f"Ask its owner, {cluster.owner.username}.")
    if deed not in IN_ARCHIVED:
        require_present(cluster.course)
    return cluster


def parts_in(user: User, cluster: Cluster) -> set[str]:
    """What the person is to the cluster, for `rights.may`."""
    return parts_of(user, cluster.course) | ({OWNER} if cluster.owner_id == user.pk else set())


def suggested_name(owner: User, framework: str) -> str:
    """A name that the owner has not given to a cluster yet."""
    taken = set(Cluster.objects.filter(owner=owner).exclude(status=Status.DELETED).values_list("name", flat=True))
    return next(name for number in count(1) if (name := f"{framework}-{number}") not in taken)


def create(owner: User, wish: Wish, *, actor: User | None = None) -> Cluster:
    """A new cluster; `actor` is who asks for it, where that is not its owner.

    All that is slow is done, and what cannot be granted is refused, before the course's lock is taken; in it the limits
    are looked at again. Raises Invalid, Conflict, LimitReached, Unavailable, Busy.
    """
    course = course_of(owner, wish.course)
    profile = profiles.require(actor or owner, course, wish)
    bounds = allocation.bounds(course, owner)
    before = allocation.room(course, owner, bounds)
    allocation.require(before, {"clusters": 1})  # a class that comes when all is taken is told so soon
    cluster, mounts = cluster_of(owner, course, wish, bounds.hours)
    profiles.keep(cluster, profile)
    estimate = pricing.estimate(cluster.manifest, cluster.sizes, timezone.now(), cluster.expires_at)
    allocation.require_cluster(before, estimate, wish.workers, wish.hours)
    outside.check_create(cluster)
    with allocating(course):
        now = allocation.room(course, owner, allocation.bounds(course, owner))
        allocation.require_cluster(now, estimate, wish.workers, wish.hours)
        folders.keep(mount.folder for mount in mounts)
        _insert(cluster)
        Mount.objects.bulk_create(mounts)
        planned = cluster.manifest.nodes(cluster.worker_numbers)
        nodes = Node.objects.bulk_create(Node(cluster=cluster, name=node.name, role=node.role) for node in planned)
        holding.place(cluster, estimate.total(wish.workers))
        outside.tell_create(cluster)
        record(actor or owner, "create", cluster, after=_facts(cluster))
        wake(course)
    cluster.shown = shown_new(cluster, nodes, mounts)
    return cluster


def delete(actor: User, cluster: Cluster) -> None:
    """Lets the cluster go; one that is going or gone stays so."""
    _let_go(actor, cluster, f"{actor.username} deleted it")


def end(cluster: Cluster, why: str, **unchanged: Any) -> None:
    """The portal itself lets it go, if those fields of it still are so."""
    _let_go(None, cluster, why, **unchanged)


def _let_go(actor: User | None, cluster: Cluster, why: str, **unchanged: Any) -> None:
    going = Cluster.objects.filter(pk=cluster.pk, target=Status.READY, **unchanged)
    with transaction.atomic():
        if going.update(target=Status.DELETED, status=Status.DELETING, retry_at=None):
            record(actor, "delete" if actor else "end", cluster, after={"why": why})
            if actor != cluster.owner:
                message = ends.ended(cluster.name, cluster.course.title, why, url_of(cluster))
                write(f"cluster {cluster.pk} ended", cluster.owner, message.subject, message.text, must=True)
            now = timezone.now()
            if Cluster.objects.filter(pk=cluster.pk, ended_at=None).update(ended_at=now):
                outside.tell_end(cluster, now)
            live.notify(live.cluster_topic(cluster.pk))
            wake(cluster.course)
            if cluster.mounts.exists():
                folders.wake(cluster.course)


def require_ready(cluster: Cluster) -> None:
    """A cluster that is being changed works on meanwhile."""
    if cluster.status not in (Status.READY, Status.UPDATING):
        raise Conflict(
            f"The cluster {cluster.name!r} is {cluster.get_status_display().lower()}, and not ready.",
            "Wait until it is ready." if cluster.status == Status.CREATING else "Create a cluster first.",
        )


def record_event(node: Node, step: str, state: str, seconds: float, message: str, log_tail: str) -> None:
    """Keeps what a node says of its boot; what it said before is not kept twice. Raises Invalid."""
    cluster = node.cluster
    known = cluster.manifest.role(node.role).steps
    if step not in known:
        raise Invalid.of({"step": f"unknown; a {node.role} has {', '.join(known)}"})
    with transaction.atomic():
        ClusterEvent.objects.bulk_create(
            [
                ClusterEvent(
                    cluster=cluster, generation=node.generation, node=node.name, step=step, state=state,
                    seconds=seconds, message=message[:2000], log=log_tail[-20_000:],
                )
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        live.notify(live.cluster_topic(cluster.pk))
        if state == "failed" or (step == known[-1] and _all_are_ready(cluster)):
            wake(cluster.course, AFTER_THE_LAST_SIGNAL)
        elif cluster.status == Status.UPDATING and not node.address:
            wake(cluster.course)  # it boots, so the cloud knows its address


def _all_are_ready(cluster: Cluster) -> bool:
    """Whether every node of the present generation has told its last step."""
    last = {role.steps[-1] for role in cluster.manifest.roles}
    told = ClusterEvent.objects.filter(cluster=cluster, generation=cluster.generation, step__in=last, state="done")
    return told.count() == Node.objects.filter(cluster=cluster, generation=cluster.generation).count()


def news_of_hosts(node: Node, known: str) -> dict[str, Any] | None:
    """What the node's agent should go by, where that is not `known`; and what it says it goes by is kept."""
    if node.known_hosts != known:
        node.known_hosts = known[: Node._meta.get_field("known_hosts").max_length]
        with transaction.atomic():
            Node.objects.filter(pk=node.pk).update(known_hosts=node.known_hosts)  # which may have left meanwhile
            if node.cluster.status == Status.UPDATING:
                wake(node.cluster.course)
    members = list(Node.objects.filter(cluster=node.cluster_id))
    said = host_list(members)
    # Before the cloud has told its address, a node goes by its facts.
    return said if said["digest"] != known and node.name in said["hosts"] else None


def record_health(
    cluster: Cluster,
    troubles: Mapping[str, str],
    storage: Mapping[str, Mapping[str, int]] | None = None,
    leaving: Mapping[str, str] | None = None,
    idle_seconds: int | None = None,
) -> None:
    """Keeps what the master says of the nodes; before the cluster is ready Heat's word counts, not the master's.

    `idle_seconds`: since an application last ran on the cluster, 0 while one does."""
    now = timezone.now()
    with transaction.atomic():
        ready = Cluster.objects.select_for_update().filter(pk=cluster.pk, status__in=(Status.READY, Status.UPDATING))
        if not ready.update(heard_at=now):
            return
        if idle_seconds is not None:
            seen(cluster, Activity.APPLICATION, now - timedelta(seconds=idle_seconds))
        nodes = list(Node.objects.filter(cluster=cluster).select_related("cluster"))
        changed = [node for node in nodes if _take_word(node, troubles, storage or {}, leaving or {})]
        if changed:
            Node.objects.bulk_update(changed, ["trouble", "storage", "kept_by"])
            live.notify(live.cluster_topic(cluster.pk))
        if any(node.leaving and node.kept_by == "" for node in changed):
            wake(cluster.course)


def seen(cluster: Cluster, activity: Activity, at: datetime) -> None:
    """A sign that the cluster is used. Of what goes on all the time a sign now and then is enough."""
    later = Q(active_at=None) | Q(active_at__lt=at - SIGNS_APART)
    Cluster.objects.filter(later, pk=cluster.pk).update(active_at=at, activity=activity)


def _take_word(
    node: Node,
    troubles: Mapping[str, str],
    storage: Mapping[str, Mapping[str, int]],
    leaving: Mapping[str, str],
) -> bool:
    """Whether that changes the node."""
    before = node.trouble, node.storage, node.kept_by
    # A node that is only coming, or made anew, is no trouble: Heat says how that goes.
    awaited = node.unhealthy or (node.cluster.status == Status.UPDATING and node.generation == node.cluster.generation)
    node.trouble = "" if awaited else troubles.get(node.name, "")[:TROUBLE_LIMIT]
    node.storage = dict(storage.get(node.name, {})) or node.storage
    if node.leaving and node.name in leaving:
        node.kept_by = leaving[node.name][:TROUBLE_LIMIT]
    return (node.trouble, node.storage, node.kept_by) != before


def _insert(cluster: Cluster) -> None:
    """Raises Conflict where the owner has one of that name."""
    try:
        cluster.save(force_insert=True)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise Conflict(
            f"You have a cluster {cluster.name!r} in this course already.", "Choose another name, or delete that one."
        ) from error


def _facts(cluster: Cluster) -> dict[str, Any]:
    """What the trail keeps of a new cluster."""
    return {
        "owner": cluster.owner.username,
        "workers": cluster.workers,
        "flavor": cluster.flavor,
        "expires_at": cluster.expires_at.isoformat(),
    }


def url_of(cluster: Cluster) -> str:
    """Of its page, as people reach it."""
    return f"{settings.PUBLIC_URL}{reverse('cluster', args=[cluster.pk])}"


def record(actor: User | None, deed: str, cluster: Cluster, **changes: Mapping[str, Any]) -> None:
    """In the trail, what somebody, or the portal itself, did to a cluster: its values `before` and `after`."""
    trail.record(actor, f"cluster.{deed}", cluster.pk, name=cluster.name, course=cluster.course.name, **changes)


def wake(course: Course, delays: Sequence[float] = (0,)) -> None:
    passes.wake(course, passes.CLUSTERS, delays)
