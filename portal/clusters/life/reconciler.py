"""A pass: what Heat says of one project's stacks, and for each of its clusters one action.

A pass may die at any point and be repeated; two at once are kept apart by a lock on the project.
"""

from __future__ import annotations

import logging
import re
import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

import heat_templates
from portal import live
from portal.cloud import stacks
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.cloud.stacks import Stack
from portal.clusters import services
from portal.clusters.accounting import metering, outside
from portal.clusters.credentials import KeyGone, secret_parameters
from portal.clusters.life import changing, decisions, failures
from portal.clusters.models import Activity, Cluster, ClusterEvent, EventState, Status
from portal.courses.models import Course
from portal.failure import Failure
from portal.folders.models import Grant, Mount
from portal.locks import try_lock

log = logging.getLogger(__name__)

LONGEST_PASS = 10  # seconds after which no further cluster is begun
STACK_NAME = re.compile(r"slipway-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
# Whether a node has said that the present boot failed.
NODE_FAILED = Exists(
    ClusterEvent.objects.filter(cluster=OuterRef("pk"), generation=OuterRef("generation"), state=EventState.FAILED)
)
# Whether an address is unknown that a folder's access rules need.
LACKS_ADDRESSES = Exists(Mount.objects.filter(cluster=OuterRef("pk"), cluster__nodes__address=None))
GRANTED = Exists(Grant.objects.filter(mount__cluster=OuterRef("pk")))
ASKED: dict[str, Any] = {"node_failed": NODE_FAILED, "lacks_addresses": LACKS_ADDRESSES, "granted": GRANTED}
DOWNTIME = timedelta(minutes=2)  # without a pass: the portal was down, as they come each second in a change
RETRY_AFTER = timedelta(seconds=15)  # after the cloud said no to something that must be done in the end
NO_ANSWER = "the cloud, which does not answer at the moment; this goes on by itself as soon as it does"
REFUSES_US = "the cloud, which refuses the portal in this course: show this to your administrator"


def reconcile(course: Course) -> None:
    """One pass over a course. Raises nothing that the next pass can mend."""
    with try_lock(f"project {course.project_id}") as held:
        if not held:
            return
        began = timezone.now()
        if course.reconciled_at and began - course.reconciled_at > DOWNTIME:
            # The time that nodes have to leave, and to say so, does not run while nobody listens.
            course.clusters.filter(status=Status.UPDATING).update(hosts_changed_at=began)
        Course.objects.filter(pk=course.pk).update(reconciled_at=began)
        if course.is_archived:  # also what was asked for while that was done
            course.clusters.filter(target=Status.READY, expires_at__gt=began).update(expires_at=began)
        present = course.clusters.exclude(status=Status.DELETED).order_by("created_at").prefetch_related("nodes")
        clusters: list[Cluster] = list(present.annotate(**ASKED))
        try:
            known = stacks.list_stacks(course.project_id)
            _advance_all(clusters, known)
            _delete_orphans(course, known)
        except CloudUnavailable as error:
            log.warning("The cloud does not answer for course %s: %s", course.name, error)
            # Where it keeps each pass for its time-outs, the worker has the same time for everything else.
            now = timezone.now()
            Course.objects.filter(pk=course.pk).update(reconciled_at=now + (now - began))
            _say_what_is_waited_for(clusters, NO_ANSWER)
        except CloudRefused as error:
            log.warning("The cloud refuses the portal in course %s: %s", course.name, error)
            _say_what_is_waited_for(clusters, REFUSES_US)


def _advance_all(clusters: list[Cluster], known: dict[str, Stack]) -> None:
    end = time.monotonic() + LONGEST_PASS
    for cluster in clusters:
        if time.monotonic() > end:
            return  # the next pass comes at once, with a fresh list
        try:
            _advance(cluster, known.get(cluster.stack_name))
        except CloudUnavailable:
            raise
        except Exception:  # one cluster's trouble must not keep its neighbours from their end
            log.exception("Cluster %s could not be advanced", cluster.pk)


def _delete_orphans(course: Course, known: dict[str, Stack]) -> None:
    """Stacks that came after their cluster was given up: a create that was cut off here may go on in Heat."""
    going = [stack for stack in known.values() if stack.action != "DELETE" or stack.status == "FAILED"]
    gone = {cluster.stack_name for cluster in course.clusters.filter(status=Status.DELETED, pk__in=_ids(going))}
    for stack in going:
        if stack.name in gone:
            log.warning("Stack %s is left over: deleting it", stack.name)
            try:
                stacks.delete(course.project_id, stack.id)
            except CloudRefused as error:
                log.warning("The cloud refuses to delete stack %s: %s", stack.name, error)


def _ids(known: list[Stack]) -> list[str]:
    """The clusters' ids in the names of stacks; others' names are passed over."""
    return [match[1] for stack in known if (match := STACK_NAME.fullmatch(stack.name))]


def _advance(cluster: Cluster, stack: Stack | None) -> None:  # noqa: C901 a case for each
    now = timezone.now()
    if cluster.waiting_for in (NO_ANSWER, REFUSES_US):
        _save(cluster, waiting_for="")
    nodes = list(cluster.nodes.all())
    action = decisions.decide(cluster, stack, now, nodes)
    if not isinstance(action, decisions.Wait):
        log.info("Cluster %s (%s -> %s): %s", cluster.id, cluster.status, cluster.target, type(action).__name__)
    match action:
        case decisions.CreateStack():
            _create_stack(cluster)
        case decisions.Adopt(stack_id):
            _save(cluster, stack_id=stack_id)
        case decisions.AwaitAccessEnd():
            changing.await_access_end(cluster)
        case decisions.MarkReady():
            _mark_ready(cluster)
        case decisions.Examine(stack_id):
            _examine(cluster, stack_id)
        case decisions.Fail(failure):
            _fail(cluster, failure)
        case decisions.End():
            services.end(cluster, "its time was over", expires_at=cluster.expires_at)
        case decisions.DeleteStack(stack_id):
            _delete_stack(cluster, stack_id)
        case decisions.MarkDeleted():
            _save(cluster, status=Status.DELETED, waiting_for="", retry_at=None)
        case decisions.LearnAddresses(stack_id):
            changing.learn_addresses(cluster, stack_id)
        case decisions.UpdateStack(known):
            changing.update_stack(cluster, known, nodes)
        case decisions.Readmit(failure):
            changing.readmit(cluster, failure)
        case decisions.UndoGrowth(failure):
            changing.undo_growth(cluster, failure)
        case decisions.TryAgain():
            changing.try_again(cluster)
        case decisions.Dismiss():
            changing.dismiss(cluster)
        case decisions.EndChange(trouble):
            changing.end(cluster, trouble)


def _create_stack(cluster: Cluster) -> None:
    try:
        rendering = heat_templates.render(heat_templates.ClusterSpec.from_mapping(cluster.spec))
        parameters = {**rendering.parameters, **secret_parameters(cluster)}
        stack_id = stacks.create(
            cluster.course.project_id,
            cluster.stack_name,
            rendering.template,
            parameters,
            changing.STACK_TIMEOUT_MINUTES,
            nodes=len(cluster.manifest.nodes(cluster.worker_numbers)),
        )
    # A row of an older portal may be no spec any more.
    except (CloudRefused, KeyGone, heat_templates.SpecError) as error:
        _fail(cluster, failures.refused(str(error)))
        return
    if stack_id:
        _save(cluster, stack_id=stack_id, waiting_for="")


def _examine(cluster: Cluster, stack_id: str) -> None:
    """Where Heat has taken a node's FAILURE, the cluster or its growth fails: the node's word alone decides nothing."""
    reasons = stacks.failed_resources(cluster.course.project_id, stack_id)
    if reasons and cluster.status == Status.UPDATING:
        changing.undo_growth(cluster, failures.of_change(reasons[0], cluster.manifest))
    elif reasons:
        _fail(cluster, failures.of_stack(reasons[0], cluster.manifest))


def _fail(cluster: Cluster, failure: Failure) -> None:
    with transaction.atomic():
        _save(cluster, status=Status.FAILED, failure=failure.as_json(), ended_at=timezone.now(), waiting_for="")
        if cluster.status == Status.FAILED and cluster.ended_at:
            outside.tell_end(cluster, cluster.ended_at)


def _mark_ready(cluster: Cluster) -> None:
    changing.learn_addresses(cluster, str(cluster.stack_id))
    now = timezone.now()
    with transaction.atomic():
        _save(cluster, status=Status.READY, ready_at=now, active_at=now, activity=Activity.READY, waiting_for="")
        if cluster.ready_at:
            metering.follow(cluster, cluster.ready_at)


def _delete_stack(cluster: Cluster, stack_id: str) -> None:
    if cluster.waiting_for == changing.STORAGE:
        _save(cluster, waiting_for="")
    try:
        stacks.delete(cluster.course.project_id, stack_id)
    except CloudRefused as error:
        log.warning("The cloud refuses to delete stack %s: %s", stack_id, error)
        _save(cluster, waiting_for="the cloud, which could not delete everything yet; it is asked again and again")
    _save(cluster, retry_at=timezone.now() + RETRY_AFTER)


def _save(cluster: Cluster, **changes: object) -> None:
    """Compare and set: where a person has changed status or target meanwhile, the next pass decides anew."""
    same = Cluster.objects.filter(pk=cluster.pk, status=cluster.status, target=cluster.target)
    if same.update(**changes):
        for field, value in changes.items():
            setattr(cluster, field, value)
        live.notify(live.cluster_topic(cluster.id))


def _say_what_is_waited_for(clusters: list[Cluster], words: str) -> None:
    for cluster in clusters:
        if cluster.status in (Status.CREATING, Status.DELETING, Status.UPDATING) and cluster.waiting_for != words:
            _save(cluster, waiting_for=words)
