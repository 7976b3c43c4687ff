"""Carrying out who may mount a folder, so that no rule of ours ever outlives the machine that it was made for.

A grant is written down before Manila is asked, and only while its cluster lives; it is forgotten when Manila lists the
rule no more. So a cluster's stack is not deleted, and a machine of it not removed, before nothing names its address.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from functools import partial
from uuid import UUID

from django.db import transaction

from portal.cloud import shares
from portal.cloud.sessions import CloudRefused
from portal.courses import passes
from portal.folders.access import Guest, Wanted, cephx_user, changes, wanted_rules
from portal.folders.models import OF_PRESENT_CLUSTERS, Folder, Grant, Mount, Status

log = logging.getLogger(__name__)

LONGEST_WAIT_FOR_A_KEY = 5  # seconds for each request: every machine of a cluster asks, and again soon
AFTER_A_CHANGE = (0.2, 0.6)  # seconds until Manila mostly has carried it out


def stand(cluster_id: UUID, addresses: Collection[str] | None = None) -> bool:
    """Whether Manila may still have rules for a cluster, or for some of its machines."""
    found = Grant.objects.filter(mount__cluster=cluster_id)
    return (found if addresses is None else found.filter(subject__in=addresses)).exists()


def key_of(mount: Mount) -> tuple[str, str] | None:
    """The CephX user and key that a cluster mounts with, asked of Manila each time and kept nowhere; None before Manila
    has made it. Raises CloudUnavailable, CloudRefused."""
    user = cephx_user(mount.cluster_id)
    project, share = mount.folder.course.project_id, str(mount.folder.share_id)
    listed = shares.rules(project, share, timeout=LONGEST_WAIT_FOR_A_KEY)
    return next(((user, rule.key) for rule in listed if rule.subject == user and rule.key), None)


def settle(folder: Folder, *, look: bool) -> None:
    """Makes Manila's rules what they should be. It is asked where that is not so yet, or to `look` whether it is."""
    wanted = wanted_rules(folder.protocol, _guests(folder.mounts.all()))
    written = {grant.subject: grant.accepted for mount in folder.mounts.all() for grant in mount.grants.all()}
    if missing := {each.subject for each in wanted} - written.keys():
        wanted = _write_down(folder)
    done = not missing and len(written) == len(wanted) and all(written.values())
    if folder.share_id is None or (done and not look):
        return
    listed = shares.rules(folder.course.project_id, folder.share_id)
    todo = changes(wanted, listed)
    project, share = folder.course.project_id, folder.share_id
    for rule in todo.deny:
        _told(folder, partial(shares.deny, project, share, rule.id))
    allowed = [
        each.subject
        for each in (todo.allow if folder.status != Status.FAILED else ())
        if _told(folder, partial(shares.allow, project, share, *each))
    ]
    _note(folder, wanted, [*todo.standing, *allowed], [rule.subject for rule in listed])
    if todo.deny:
        passes.wake(folder.course, passes.FOLDERS, AFTER_A_CHANGE)


def _write_down(folder: Folder) -> frozenset[Wanted]:
    """Makes a grant for all that is wanted. The clusters' rows are locked meanwhile: none begins to go in between."""
    with transaction.atomic():
        locked = Mount.objects.filter(OF_PRESENT_CLUSTERS, folder=folder).order_by("cluster_id")
        locked = locked.select_related("cluster").select_for_update(of=("cluster",))
        mounts = list(locked.prefetch_related("cluster__nodes"))
        for mount in mounts:
            mine = wanted_rules(folder.protocol, _guests([mount]))
            rows = [Grant(mount=mount, subject=each.subject) for each in mine]
            Grant.objects.bulk_create(rows, ignore_conflicts=True)
        return wanted_rules(folder.protocol, _guests(mounts))


def _guests(mounts: Iterable[Mount]) -> list[Guest]:
    return [
        Guest(
            mount.cluster.pk,
            mount.access,
            frozenset(node.address for node in mount.cluster.nodes.all() if node.address and not node.may_go),
        )
        for mount in mounts
        if mount.cluster.is_live
    ]


def _told(folder: Folder, ask: Callable[[], None]) -> bool:
    """Whether Manila took it. Where not, the next pass sees the same difference and asks again."""
    try:
        ask()
    except CloudRefused as error:
        log.warning("Manila refuses a rule of folder %s: %s", folder.pk, error)
        return False
    return True


def _note(folder: Folder, wanted: Collection[Wanted], accepted: Collection[str], listed: Collection[str]) -> None:
    """Keeps what Manila has taken, and forgets what is neither wanted nor there any more."""
    grants = Grant.objects.filter(mount__folder=folder)
    grants.filter(subject__in=accepted, accepted=False).update(accepted=True)
    over = grants.exclude(subject__in={each.subject for each in wanted}).exclude(subject__in=set(listed))
    if over.delete()[0]:
        passes.wake(folder.course, passes.CLUSTERS)
