"""What somebody asks for, and the cluster that it becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone
from django.utils.text import slugify

from cloudinit import frameworks
from heat_templates import ClusterSpec, SpecError
from portal.accounts.models import User
from portal.cloud import catalogue
from portal.cloud.models import Flavor, Image
from portal.clusters.models import Cluster
from portal.courses.models import Course
from portal.folders import services as folders
from portal.folders.models import Folder, Mount
from portal.refusals import Invalid, Unavailable

# A person's text may be anything on one line. The generator would carry line breaks, but a list of clusters would not.
NOT_ONE_LINE = re.compile("[\x00-\x1f\x7f\u2028\u2029]")


@dataclass(frozen=True)
class FolderUse:
    """`folder` is an id, `access` rw or ro; without a path it is mounted at one made from its name."""

    folder: str
    path: str = ""
    access: str = Mount.Access.READ_WRITE


@dataclass(frozen=True)
class Wish:
    """`course` is an id, `flavor` a name of the catalogue, `hours` the time until the end."""

    course: str
    name: str
    framework: str
    workers: int
    flavor: str
    hours: int
    folders: tuple[FolderUse, ...] = ()


def cluster_of(owner: User, course: Course, wish: Wish) -> tuple[Cluster, list[Mount]]:
    """The cluster and its mounts, not saved yet.

    Raises Invalid with every wrong field, Conflict where a folder cannot be mounted now, Unavailable without an image.
    """
    flavors = list(Flavor.objects.all())
    image = catalogue.image_for(wish.framework, settings.BUNDLE_VERSION)
    mounts = mounts_of(wish, folders.for_mounting(course, [use.folder for use in wish.folders]))
    spec, wrong = _spec(owner, course, wish, image, mounts)
    wrong |= wrong_fields(wish, course.hours_at_most, [flavor.name for flavor in flavors])
    if wrong or spec is None:
        raise Invalid.of(wrong)
    if image is None:
        raise Unavailable(
            f"The cloud has no image for {wish.framework} with bundle {settings.BUNDLE_VERSION}.",
            "Tell your administrator: the image is to be made and the catalogue imported again.",
        )
    flavor = next(flavor for flavor in flavors if flavor.name == wish.flavor)
    nodes = len(frameworks.manifest(wish.framework).nodes(wish.workers))
    cluster = Cluster(
        id=UUID(spec.id),
        course=course,
        owner=owner,
        name=wish.name,
        spec=spec.as_mapping(),
        vcpus=flavor.vcpus * nodes,
        memory_mb=flavor.memory_mb * nodes,
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


def wrong_fields(wish: Wish, hours_at_most: int, flavors: list[str]) -> dict[str, str]:
    """What a ClusterSpec cannot know: the course's limit, the catalogue, and that a name is one line. Pure."""
    wrong: dict[str, str] = {}
    if wish.flavor not in flavors:
        wrong["flavor"] = f"unknown; there is {', '.join(flavors)}"
    if not 1 <= wish.hours <= hours_at_most:
        wrong["hours"] = f"must be from 1 to {hours_at_most} in this course"
    if NOT_ONE_LINE.search(wish.name):
        wrong["name"] = "must be one line without control characters"
    return wrong


def _spec(
    owner: User, course: Course, wish: Wish, image: Image | None, mounts: Sequence[Mount]
) -> tuple[ClusterSpec | None, dict[str, str]]:
    try:
        spec = ClusterSpec.from_mapping(
            {
                "id": str(uuid4()),
                "name": wish.name,
                "framework": wish.framework,
                "workers": wish.workers,
                "flavor": wish.flavor,
                "image": image.name if image else "none",
                "network": settings.NETWORK,
                "folders": [_mapping(mount) for mount in mounts],
                "bundle_version": settings.BUNDLE_VERSION,
                "portal_url": settings.NODE_URL,
                "gateway_address": settings.GATEWAY_ADDRESS,
                "owner": owner.username,
                "course": course.name,
            }
        )
    except SpecError as error:
        return None, error.fields
    return spec, {}
