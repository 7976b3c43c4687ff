"""What somebody asks for, and the cluster that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone
from django.utils.text import slugify

from cloudinit import frameworks
from heat_templates import ClusterSpec, SpecError, render
from heat_templates.runtimes import RUNTIMES
from portal.accounts.models import User
from portal.cloud.catalogue import FETCHED, bundles
from portal.cloud.models import Flavor, Image, ShareType
from portal.clusters.credentials import key_digest
from portal.clusters.models import Cluster
from portal.clusters.offers import (
    choose_image,
    container_sizes,
    no_image,
    size_together,
    sizes_of,
    too_few_gpus,
    unknown_names,
    without_storage,
)
from portal.courses.models import Course
from portal.folders import services as folders
from portal.folders.models import Access, Folder, Mount
from portal.refusals import Invalid
from portal.text import is_one_line


@dataclass(frozen=True)
class FolderUse:
    """`folder` is an id, `access` rw or ro; without a path it is mounted at one made from its name."""

    folder: str
    path: str = ""
    access: str = Access.READ_WRITE


@dataclass(frozen=True)
class Wish:
    """`course` is an id, `flavor` a name of the catalogue, `hours` the time until the end.

    `more` holds the other fields of a request, by the names that they have in a ClusterSpec; `profile` is the id of the
    profile from which the fields are, where they are from one.
    """

    course: str
    name: str
    framework: str
    workers: int
    flavor: str
    hours: int
    folders: tuple[FolderUse, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    profile: str = ""


def cluster_of(owner: User, course: Course, wish: Wish, most_hours: int) -> tuple[Cluster, list[Mount]]:
    """The cluster and its mounts, not saved yet.

    Raises Invalid with every wrong field, Conflict where a folder cannot be mounted now, Unavailable without an image.
    """
    flavors = {flavor.name: flavor for flavor in Flavor.objects.all()}
    images, runtime = list(Image.objects.order_by("name")), RUNTIMES[settings.RUNTIME]
    share_types = ShareType.objects.for_scratch().values_list("name", flat=True)  # asked for only where one is named
    wrong = wrong_fields(wish, most_hours) | unknown_names(_named(wish), flavors, share_types)
    wrong |= without_storage(wish.more, share_types)
    image = None
    try:
        image = choose_image(images, bundles(), wish.framework, runtime, **_image_wish(wish))
    except Invalid as refusal:
        wrong |= refusal.fields
    mounts = mounts_of(wish, folders.for_mounting(owner, course, [(use.folder, use.access) for use in wish.folders]))
    spec, faults = _spec(owner, course, wish, image, mounts, flavors)
    wrong |= faults
    if spec is not None and not wrong:
        wrong = too_few_gpus(flavors[wish.flavor], spec)
    if wrong or spec is None:
        raise Invalid.of(wrong)
    if image is None:
        raise no_image(images, settings.BUNDLE_VERSION, wish.framework, runtime)
    sizes, numbers = sizes_of(flavors, spec), spec.worker_numbers
    roles = [node.role for node in frameworks.manifest(spec.framework).nodes(numbers)]
    cluster = Cluster(
        id=UUID(spec.id),
        course=course,
        owner=owner,
        name=wish.name,
        spec=spec.as_mapping(),
        sizes=sizes,
        highest_number=max(numbers),
        key_digest=key_digest(settings.SECRET_KEY),
        **size_together(sizes, roles),
        expires_at=timezone.now() + timedelta(hours=wish.hours),
    )
    for mount in mounts:
        mount.cluster = cluster
    return cluster, mounts


def mounts_of(wish: Wish, found: Mapping[str, Folder]) -> list[Mount]:
    """In the order of the wish: the facts and the key of a mount go by its number."""
    return [
        Mount(folder=found[use.folder], path=use.path or default_path(found[use.folder]), access=use.access)
        for use in wish.folders
    ]


def default_path(folder: Folder) -> str:
    return f"/data/{slugify(folder.name) or str(folder.pk)[:8]}"


def _mapping(mount: Mount) -> dict[str, Any]:
    """For the spec: Manila's one export as it is, or all of them."""
    exports = mount.folder.exports
    export = exports[0] if len(exports) == 1 else exports
    return {"path": mount.path, "access": mount.access, "protocol": mount.folder.protocol, "export": export}


def wrong_fields(wish: Wish, most_hours: int) -> dict[str, str]:
    """What a ClusterSpec cannot know: the course's limit, and that a name is one line. Pure."""
    wrong: dict[str, str] = {}
    if not 1 <= wish.hours <= most_hours:
        wrong["hours"] = f"must be from 1 to {most_hours} in this course"
    if not is_one_line(wish.name):
        wrong["name"] = "must be one line without control characters"
    return wrong


def _image_wish(wish: Wish) -> dict[str, Any]:
    return {"name": wish.more.get("image"), "architecture": wish.more.get("architecture")}


def _named(wish: Wish) -> dict[str, Any]:
    """What the wish names of the catalogue, by the fields' paths."""
    scratch = wish.more.get("scratch")
    share_type = scratch.get("share_type") if isinstance(scratch, Mapping) else None
    return {
        "flavor": wish.flavor,
        "master_flavor": wish.more.get("master_flavor"),
        "scratch.share_type": share_type,
    }


def _software(image: Image | None) -> dict[str, str] | None:
    """Where nodes fetch the bundle that their image lacks."""
    found = settings.SOFTWARE
    if found is None or image is None or image.bundle_version != FETCHED:
        return None
    return {"url": found.url, "sha512": found.sha512}


def _spec(
    owner: User,
    course: Course,
    wish: Wish,
    image: Image | None,
    mounts: Sequence[Mount],
    flavors: Mapping[str, Flavor],
) -> tuple[ClusterSpec | None, dict[str, str]]:
    containers = RUNTIMES[settings.RUNTIME].of_containers
    try:
        spec = ClusterSpec.from_mapping(
            {
                **wish.more,
                "runtime": settings.RUNTIME,
                **(container_sizes(flavors, wish.flavor, wish.more.get("master_flavor")) if containers else {}),
                "id": str(uuid4()),
                "name": wish.name,
                "framework": wish.framework,
                "workers": wish.workers,
                "flavor": wish.flavor,
                "image": image.name if image else "none",
                "network": None if wish.more.get("own_network") else settings.NETWORK,
                "package_index": settings.PACKAGE_INDEX or None,
                "boot_timeout": settings.BOOT_TIMEOUT,
                "folders": [_mapping(mount) for mount in mounts],
                "bundle_version": settings.BUNDLE_VERSION,
                "software": _software(image),
                "portal_url": settings.NODE_URL,
                "gateway_address": settings.GATEWAY_ADDRESS,
                "owner": owner.username,
                "course": course.name,
            }
        )
        render(spec)  # what would be too large for Heat is refused here, at its field
    except SpecError as error:
        return None, error.fields
    return spec, {}
