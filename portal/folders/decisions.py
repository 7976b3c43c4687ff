"""The decision table of a folder: from (what the row says, what Manila says, now) to one action. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.cloud.shares import Share
from portal.failure import Failure
from portal.folders import failures
from portal.folders.models import Folder, Status


@dataclass(frozen=True)
class Wait:
    """Nothing to do now."""


@dataclass(frozen=True)
class CreateShare:
    """Make the share; Manila lists none of the folder's name."""


@dataclass(frozen=True)
class Adopt:
    """Save the id of a share that an earlier attempt made and could not save."""

    share_id: str


@dataclass(frozen=True)
class MarkAvailable:
    size_gb: int


@dataclass(frozen=True)
class ExtendShare:
    share_id: str


@dataclass(frozen=True)
class Fail:
    failure: Failure


@dataclass(frozen=True)
class DeleteShare:
    share_id: str


@dataclass(frozen=True)
class MarkDeleted:
    """Manila knows the share no more."""


Action = Wait | CreateShare | Adopt | MarkAvailable | ExtendShare | Fail | DeleteShare | MarkDeleted


def decide(folder: Folder, share: Share | None, now: datetime) -> Action:
    """`share` is the folder's among those that Manila lists."""
    if folder.target == Status.DELETED:
        return _towards_deleted(folder, share, now)
    if share is None:
        return _without_share(folder)
    if not folder.share_id:
        return Adopt(share.id)
    return _with_share(folder, share)


def _towards_deleted(folder: Folder, share: Share | None, now: datetime) -> Action:
    if share is None:
        return MarkDeleted()
    asked_before = folder.retry_at is not None and now < folder.retry_at
    return Wait() if asked_before or share.status == "deleting" else DeleteShare(share.id)


def _without_share(folder: Folder) -> Action:
    if folder.status == Status.FAILED:
        return Wait()
    return Fail(failures.lost()) if folder.share_id else CreateShare()


def _with_share(folder: Folder, share: Share) -> Action:
    if share.status == "available":
        return _with_available_share(folder, share)
    if "error" in share.status:
        return Wait() if folder.status == Status.FAILED else Fail(failures.of_share(share.status))
    return Wait()


def _with_available_share(folder: Folder, share: Share) -> Action:
    """Also where it had failed, and an administrator has mended it."""
    if folder.status == Status.GROWING and share.size_gb < folder.wanted_gb:
        return ExtendShare(share.id)
    if folder.status != Status.AVAILABLE or share.size_gb != folder.size_gb:
        return MarkAvailable(share.size_gb)
    return Wait()
