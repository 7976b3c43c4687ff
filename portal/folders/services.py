"""What people do to folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from billing import prices
from portal import live
from portal.accounts.models import User
from portal.cloud.models import ShareType
from portal.courses import passes
from portal.courses.models import Course, Membership, Role
from portal.courses.rights import ADMINISTRATOR, MAKER, WRITER, Deed, may
from portal.courses.services import course_of, courses_of, require_present
from portal.folders import room
from portal.folders.models import NAME_LIMIT, OF_PRESENT_CLUSTERS, Access, Folder, Mount, Status
from portal.locks import allocating
from portal.refusals import Conflict, Invalid, NotFound, Refusal, Unavailable
from portal.text import is_one_line
from portal.trail import services as trail

MOST_GB = 1_000_000


@dataclass(frozen=True)
class FolderWish:
    """`course` is an id, `share_type` a name of the catalogue; empty: the first that there is."""

    course: str
    name: str
    size_gb: int
    share_type: str = ""
    access_for_students: str = Access.READ_WRITE


@dataclass(frozen=True)
class Seen:
    """A folder as one person sees it: what they may do with it, the clusters in which it is mounted and of which they
    may know, and how many others there are. `price` is what a GB of it costs a month."""

    folder: Folder
    deeds: frozenset[Deed]
    mounts: tuple[Mount, ...]
    others: int
    price: Decimal

    @property
    def monthly(self) -> Decimal:
        """What all of it costs a month; of one that grows, with the size that it shall have."""
        return prices.exact(self.price * self.folder.wanted_gb)


class NotAllowed(Refusal):
    """For those who may see a folder, so that its existence is no secret to them."""

    status = 403
    code = "not-yours"
    title = "You may not do this with this folder"


def visible_to(user: User) -> QuerySet[Folder]:
    """All folders of one's courses; everything to an administrator."""
    folders = Folder.objects.select_related("course", "maker")
    if not user.is_administrator:
        folders = folders.filter(course__in=courses_of(user))
    in_use = Mount.objects.filter(OF_PRESENT_CLUSTERS).select_related("cluster__owner")
    return folders.prefetch_related(Prefetch("mounts", in_use))


def topics(user: User) -> tuple[str, ...]:
    """What is told where a folder that the person may see changes."""
    courses = Course.objects.all() if user.is_administrator else courses_of(user)
    return tuple(live.folders_topic(pk) for pk in courses.values_list("pk", flat=True))


def deeds(user: User, folders: Iterable[Folder]) -> dict[UUID, frozenset[Deed]]:
    """What the person may do with each of the folders, by their ids."""
    folders = list(folders)
    courses = {each.course_id for each in folders}
    roles = dict(Membership.objects.filter(user=user, course__in=courses).values_list("course_id", "role"))
    parts = {folder.pk: _parts(user, folder, roles.get(folder.course_id)) for folder in folders}
    return {pk: frozenset(deed for deed in Deed if may(deed, has)) for pk, has in parts.items()}


def _parts(user: User, folder: Folder, role: str | None) -> set[str]:
    held = {
        role: role is not None,
        WRITER: role == Role.STUDENT and folder.access_for_students == Access.READ_WRITE,
        MAKER: folder.maker_id == user.pk,
        ADMINISTRATOR: user.is_administrator,
    }
    return {part for part, holds in held.items() if part and holds}


def seen(user: User, folders: Iterable[Folder]) -> list[Seen]:
    """Folders of visible_to, each as the person sees it."""
    folders = list(folders)
    allowed = deeds(user, folders)
    price = prices.storage(timezone.now())
    return [_seen(user, each, allowed[each.pk], price.get(each.share_type, Decimal())) for each in folders]


def _seen(user: User, folder: Folder, allowed: frozenset[Deed], price: Decimal) -> Seen:
    mounts = list(folder.mounts.all())
    # Which clusters others have is their own affair, and their teachers'.
    known = [each for each in mounts if Deed.SEE_GUESTS in allowed or each.cluster.owner_id == user.pk]
    return Seen(folder, allowed, tuple(known), len(mounts) - len(known), price)


def find(user: User, folder_id: UUID) -> Seen:
    """Raises NotFound also for folders of other courses: that they exist is a secret."""
    found = seen(user, visible_to(user).filter(pk=folder_id))
    if not found:
        raise NotFound("folder")
    return found[0]


def create(maker: User, wish: FolderWish) -> Folder:
    """A new folder of a course. Raises Invalid, Conflict, LimitReached, Unavailable, Busy."""
    course = course_of(maker, wish.course)
    share_type = _share_type(wish)
    with allocating(course):
        if course.folders.filter(name=wish.name).exclude(status=Status.DELETED).exists():
            raise Conflict(f"The course has a folder {wish.name!r} already.", "Choose another name.")
        room.require(maker, course, share_type.name, wish.size_gb)
        folder = Folder.objects.create(
            course=course, maker=maker, name=wish.name, share_type=share_type.name, protocol=share_type.protocol,
            size_gb=wish.size_gb, wanted_gb=wish.size_gb, access_for_students=wish.access_for_students,
        )  # fmt: skip
        _record(maker, "create", folder, after={"size_gb": folder.size_gb, "share_type": folder.share_type})
        _tell(folder)
    return folder


def grow(user: User, folder_id: UUID, size_gb: int) -> None:
    """Makes room; the same size again is no second growth. Raises NotFound, NotAllowed, Invalid, Conflict,
    LimitReached, Busy."""
    course = _permitted(user, folder_id, Deed.GROW_FOLDER).folder.course
    require_present(course)
    with allocating(course):
        folder = _locked(folder_id)
        if folder.wanted_gb == size_gb and folder.target == Status.AVAILABLE:
            return
        if not folder.size_gb < size_gb <= MOST_GB:
            raise Invalid.of({"size_gb": f"must be more than the {folder.size_gb} that it has; a folder never shrinks"})
        _require_available(folder)
        room.require(folder.maker, course, folder.share_type, size_gb - folder.wanted_gb)  # who is charged for it
        _record(user, "grow", folder, before={"size_gb": folder.size_gb}, after={"size_gb": size_gb})
        folder.status, folder.wanted_gb, folder.failure = Status.GROWING, size_gb, None
        folder.save(update_fields=["status", "wanted_gb", "failure"])
        _tell(folder)


def delete(user: User, folder_id: UUID) -> None:
    """Lets the folder go with all that is in it; one that is going or gone stays so. Raises NotFound, NotAllowed,
    Conflict."""
    shown = _permitted(user, folder_id, Deed.DELETE_FOLDER)
    with transaction.atomic():
        folder = _locked(folder_id)
        if folder.target == Status.DELETED:
            return
        if folder.mounts.filter(OF_PRESENT_CLUSTERS).exists():
            raise Conflict(f"The folder {folder.name!r} is in use by {in_words(shown)}.", "Delete what uses it first.")
        _end(user, folder)


def end_kept(course: Course) -> None:
    """Lets the folders of an archived course go, but for those that a cluster still uses."""
    for pk in course.folders.filter(target=Status.AVAILABLE).values_list("pk", flat=True):
        with transaction.atomic():
            folder = _locked(pk)
            if folder.target == Status.AVAILABLE and not folder.mounts.filter(OF_PRESENT_CLUSTERS).exists():
                _end(None, folder)


def _end(actor: User | None, folder: Folder) -> None:
    folder.status, folder.target, folder.retry_at = Status.DELETING, Status.DELETED, None
    folder.ended_at = timezone.now()
    _record(actor, "delete", folder, before={"size_gb": folder.size_gb, "share_type": folder.share_type})
    folder.save(update_fields=["status", "target", "retry_at", "ended_at"])
    _tell(folder)


def in_words(shown: Seen) -> str:
    """The clusters in which a folder is mounted, as far as the person may know of them."""
    others = f"{shown.others} cluster{'s' if shown.others > 1 else ''} of others" if shown.others else ""
    named = [f"the cluster {each.cluster.name!r} of {each.cluster.owner.username}" for each in shown.mounts]
    return ", ".join([*named, *([others] if others else [])]) or "a cluster"


def for_mounting(user: User, course: Course, wanted: Sequence[tuple[str, str]]) -> dict[str, Folder]:
    """Folders of the course by their ids. `wanted` are ids, each with how the folder is to be mounted.

    Raises Invalid for those that the course does not have or that the person may not mount so, Conflict for those that
    are not available."""
    if not wanted:
        return {}
    ids = [folder_id for folder_id, _ in wanted]
    rows = course.folders.filter(pk__in=filter(_is_uuid, ids)).exclude(status=Status.DELETED)
    found = {str(folder.pk): folder for folder in rows.select_related("maker")}
    if strange := [folder_id for folder_id in ids if folder_id not in found]:
        raise Invalid.of({"folders": f"the course has no such folder: {', '.join(strange)}"})
    if len(set(ids)) < len(ids):
        raise Invalid.of({"folders": "one folder is named twice"})
    for folder in found.values():
        _require_available(folder)
    _require_access(user, [(found[folder_id], access) for folder_id, access in wanted])
    return found


def keep(found: Iterable[Folder]) -> None:
    """None of these folders can begin to go before the transaction is over. Raises Conflict where one is going."""
    ids = [folder.pk for folder in found]
    for folder in Folder.objects.select_for_update().filter(pk__in=ids).order_by("pk") if ids else ():
        _require_available(folder)


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _require_access(user: User, wanted: Sequence[tuple[Folder, str]]) -> None:
    allowed = deeds(user, [folder for folder, _ in wanted])
    wrong = {
        f"folders.{number}.access": f"students may only read in {folder.name!r}: mount it read-only (ro), or ask "
        f"{folder.maker.username} or a teacher of the course to write into it"
        for number, (folder, access) in enumerate(wanted)
        if access != Access.READ_ONLY and Deed.WRITE_FOLDER not in allowed[folder.pk]
    }
    if wrong:
        raise Invalid.of(wrong)


def wake(course: Course) -> None:
    """Where machines have come or are to go, of a cluster that mounts folders."""
    passes.wake(course, passes.FOLDERS)


def _permitted(user: User, folder_id: UUID, deed: Deed) -> Seen:
    shown = find(user, folder_id)
    if deed not in shown.deeds:
        raise NotAllowed(
            f"You may not {deed}, {shown.folder.name!r}.", "Ask the one who made it, or a teacher of the course."
        )
    return shown


def _locked(folder_id: UUID) -> Folder:
    return Folder.objects.select_for_update(of=("self",)).select_related("course").get(pk=folder_id)


def _require_available(folder: Folder) -> None:
    if (folder.status, folder.target) == (Status.AVAILABLE, Status.AVAILABLE):
        return
    raise Conflict(
        f"The folder {folder.name!r} is {folder.get_status_display().lower()}, and not available.",
        "Delete it and make another one." if folder.status == Status.FAILED else "Wait until it is available.",
    )


def _share_type(wish: FolderWish) -> ShareType:
    """The kind of storage. Raises Invalid with every wrong field."""
    offered = list(ShareType.objects.all())
    if not offered:
        raise Unavailable(
            "This cloud offers no storage for folders.",
            "Tell your administrator: the catalogue names no share type, or was not imported again.",
        )
    wrong: dict[str, str] = {}
    if not wish.name.strip() or len(wish.name) > NAME_LIMIT or not is_one_line(wish.name):
        wrong["name"] = f"must be one line of 1 to {NAME_LIMIT} characters"
    if not 1 <= wish.size_gb <= MOST_GB:
        wrong["size_gb"] = f"must be from 1 to {MOST_GB}"
    if wish.share_type and wish.share_type not in [each.name for each in offered]:
        wrong["share_type"] = f"unknown; there is {', '.join(each.name for each in offered)}"
    if wrong:
        raise Invalid.of(wrong)
    return next((each for each in offered if each.name == wish.share_type), offered[0])


def _record(actor: User | None, deed: str, folder: Folder, **changes: Mapping[str, Any]) -> None:
    trail.record(actor, f"folder.{deed}", folder.pk, name=folder.name, course=folder.course.name, **changes)


def _tell(folder: Folder) -> None:
    live.notify(live.folders_topic(folder.course_id))
    wake(folder.course)
