"""A pass: what Manila says of one project's shares, for each of its folders one action, and who may mount them.

A pass may die at any point and be repeated; two at once are kept apart by a lock on the project's shares.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from portal import live
from portal.cloud import shares
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.cloud.shares import Share
from portal.courses.models import Course
from portal.failure import Failure
from portal.folders import decisions, failures, grants, metering, services
from portal.folders.models import OF_PRESENT_CLUSTERS, Folder, Grant, Mount, Status
from portal.locks import try_lock, try_slot

log = logging.getLogger(__name__)

SHARE_NAME = re.compile(re.escape(shares.PREFIX) + r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
RETRY_AFTER = timedelta(seconds=15)  # after a delete was asked for
# Of the worker's four threads: a storage that is silent must not keep the passes over clusters from theirs.
AT_ONCE = 2
# A storage that does not answer keeps each pass for its time-outs: they come seldom then.
HOLD_OFF = timedelta(seconds=10)
CHECK_EVERY = timedelta(seconds=30)  # of exports and rules, one folder in each pass
NO_ANSWER = "the storage, which does not answer at the moment; this goes on by itself as soon as it does"
REFUSES_US = "the storage, which refuses the portal in this course: show this to your administrator"
COULD_NOT_DELETE = "the storage, which could not delete everything yet; it is asked again and again"


def reconcile(course: Course) -> None:
    """One pass over a course. Raises nothing that the next pass can mend."""
    with try_slot("passes over folders", AT_ONCE) as free, try_lock(f"shares of project {course.project_id}") as held:
        if not free or not held:
            return
        Course.objects.filter(pk=course.pk).update(folders_reconciled_at=timezone.now())
        if course.folders_until and course.folders_until <= timezone.now():
            services.end_kept(course)
        folders = list(_present(course))
        try:
            known = shares.list_shares(course.project_id)
            _advance_all(folders, known)
            _delete_leftovers(course, folders, known)
        except CloudUnavailable as error:
            log.warning("Manila does not answer for course %s: %s", course.name, error)
            Course.objects.filter(pk=course.pk).update(folders_reconciled_at=timezone.now() + HOLD_OFF)
            _say_what_is_waited_for(folders, NO_ANSWER)
        except CloudRefused as error:
            log.warning("Manila refuses the portal in course %s: %s", course.name, error)
            _say_what_is_waited_for(folders, REFUSES_US)


def _present(course: Course) -> QuerySet[Folder]:
    """With the mounts that are, or that Manila may still have rules for."""
    granted = Exists(Grant.objects.filter(mount=OuterRef("pk")))
    mounts = Mount.objects.filter(OF_PRESENT_CLUSTERS | Q(granted))
    mounts = mounts.select_related("cluster").prefetch_related("cluster__nodes", "grants")
    present = course.folders.exclude(status=Status.DELETED).select_related("course")
    return present.order_by("created_at").prefetch_related(Prefetch("mounts", mounts))


def _advance_all(folders: Sequence[Folder], known: Sequence[Share]) -> None:
    to_check = _next_to_check(folders)
    for folder in folders:
        try:
            _advance(folder, _share_of(folder, known))
            if folder is to_check and folder.status == Status.AVAILABLE:
                _check(folder)
            grants.settle(folder, look=folder is to_check)
        except CloudUnavailable:
            raise
        except Exception:  # one folder's trouble must not keep its neighbours from their end
            log.exception("Folder %s could not be advanced", folder.pk)


def _share_of(folder: Folder, known: Sequence[Share]) -> Share | None:
    """By its id, as soon as that is known; else the oldest of its name."""
    if folder.share_id:
        return next((share for share in known if share.id == folder.share_id), None)
    return next((share for share in known if share.name == folder.share_name), None)


def _next_to_check(folders: Sequence[Folder]) -> Folder | None:
    """The one that nobody has looked at for longest, where that is long ago."""
    now = timezone.now()
    last = {folder.pk: folder.checked_at or folder.created_at for folder in folders if folder.share_id}
    late = [folder for folder in folders if folder.pk in last and now - last[folder.pk] > CHECK_EVERY]
    return min(late, key=lambda folder: last[folder.pk], default=None)


def _advance(folder: Folder, share: Share | None) -> None:  # noqa: C901 a case for each
    if folder.waiting_for in (NO_ANSWER, REFUSES_US):
        _save(folder, waiting_for="")
    action = decisions.decide(folder, share, timezone.now())
    if not isinstance(action, decisions.Wait):
        log.info("Folder %s (%s -> %s): %s", folder.id, folder.status, folder.target, type(action).__name__)
    match action:
        case decisions.CreateShare():
            _create_share(folder)
        case decisions.Adopt(share_id):
            _save(folder, share_id=share_id)
        case decisions.MarkAvailable(size_gb):
            _mark_available(folder, size_gb)
        case decisions.ExtendShare(share_id):
            _extend_share(folder, share_id)
        case decisions.Fail(failure):
            _fail(folder, failure)
        case decisions.DeleteShare(share_id):
            _delete_share(folder, share_id)
        case decisions.MarkDeleted():
            _save(folder, status=Status.DELETED, waiting_for="", retry_at=None)


def _create_share(folder: Folder) -> None:
    try:
        share_id = shares.create(
            folder.course.project_id, folder.share_name, folder.wanted_gb, folder.share_type, folder.protocol
        )
    except CloudRefused as error:
        _fail(folder, failures.not_made(str(error)))
        return
    _save(folder, share_id=share_id, waiting_for="")


def _mark_available(folder: Folder, size_gb: int) -> None:
    exports = shares.exports(folder.course.project_id, str(folder.share_id))
    if exports:  # else the next pass asks again
        now = timezone.now()
        with transaction.atomic():
            _save(
                folder, status=Status.AVAILABLE, size_gb=size_gb, wanted_gb=size_gb, exports=exports, failure=None,
                waiting_for="", checked_at=now,
            )  # fmt: skip
            if folder.checked_at == now:
                metering.follow(folder, now)


def _extend_share(folder: Folder, share_id: str) -> None:
    try:
        shares.extend(folder.course.project_id, share_id, folder.wanted_gb)
    except CloudRefused as error:
        failure = failures.not_grown(str(error))
        _save(folder, status=Status.AVAILABLE, wanted_gb=folder.size_gb, failure=failure.as_json(), waiting_for="")


def _fail(folder: Folder, failure: Failure) -> None:
    _save(folder, status=Status.FAILED, failure=failure.as_json(), waiting_for="")


def _delete_share(folder: Folder, share_id: str) -> None:
    try:
        shares.delete(folder.course.project_id, share_id)
    except CloudRefused as error:
        log.warning("Manila refuses to delete share %s: %s", share_id, error)
        _save(folder, waiting_for=COULD_NOT_DELETE)
    _save(folder, retry_at=timezone.now() + RETRY_AFTER)


def _check(folder: Folder) -> None:
    """Exports may change: an address of the storage, a protocol's server that is new."""
    exports = shares.exports(folder.course.project_id, str(folder.share_id)) or folder.exports
    if exports != folder.exports:
        _save(folder, exports=exports)
    folder.checked_at = timezone.now()
    Folder.objects.filter(pk=folder.pk).update(checked_at=folder.checked_at)


def _delete_leftovers(course: Course, folders: Sequence[Folder], known: Sequence[Share]) -> None:
    """Shares that came after their folder was given up, or twice: a create that was cut off here may go on in Manila.
    Nobody has ever mounted them, as no folder had their ids."""
    kept: Mapping[str, Folder] = {str(folder.pk): folder for folder in folders}
    going = [share for share in known if share.status != "deleting" and SHARE_NAME.fullmatch(share.name)]
    owners = {share.id: share.name.removeprefix(shares.PREFIX) for share in going}
    gone = {
        str(pk)
        for pk in course.folders.filter(pk__in=owners.values(), status=Status.DELETED).values_list("pk", flat=True)
    }
    for share in going:
        folder = kept.get(owners[share.id])
        twice = folder is not None and folder.share_id not in (None, share.id)
        if twice or owners[share.id] in gone:
            log.warning("Share %s (%s) is left over: deleting it", share.id, share.name)
            try:
                shares.delete(course.project_id, share.id)
            except CloudRefused as error:
                log.warning("Manila refuses to delete share %s: %s", share.id, error)


def _save(folder: Folder, **changes: object) -> None:
    """Compare and set: where a person has changed status or target meanwhile, the next pass decides anew."""
    same = Folder.objects.filter(pk=folder.pk, status=folder.status, target=folder.target, wanted_gb=folder.wanted_gb)
    if same.update(**changes):
        for field, value in changes.items():
            setattr(folder, field, value)
        live.notify(live.folders_topic(folder.course_id))


def _say_what_is_waited_for(folders: Sequence[Folder], words: str) -> None:
    for folder in folders:
        if folder.status != folder.target and folder.status != Status.FAILED and folder.waiting_for != words:
            _save(folder, waiting_for=words)
