"""What of the catalogue a cluster is made of: its image, its machines, the storage of its scratch folder. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any

from cloudinit import frameworks
from heat_templates import ClusterSpec
from heat_templates.runtimes import Runtime
from portal.cloud.models import Flavor, Image
from portal.refusals import Invalid, Unavailable


def choose_image(
    images: Sequence[Image],
    bundles: Sequence[str],
    framework: str,
    runtime: Runtime,
    name: object = None,
    architecture: object = None,
) -> Image | None:
    """By its name, or the first that fits; None where none has one of the bundles. The first bundle is liked best.

    Raises Invalid with the field that is wrong.
    """
    if name is not None:
        return _named(images, bundles, framework, runtime, name, architecture)
    fitting = [
        image
        for bundle in bundles
        for image in images
        if (image.framework, image.bundle_version, image.container) == (framework, bundle, runtime.of_containers)
    ]
    found = [image for image in fitting if architecture in (None, image.architecture)]
    if fitting and not found:
        raise Invalid.of({"architecture": f"has no image; there is {_listed(each.architecture for each in fitting)}"})
    return found[0] if found else None


def _named(
    images: Sequence[Image],
    bundles: Sequence[str],
    framework: str,
    runtime: Runtime,
    name: object,
    architecture: object,
) -> Image:
    image = next((image for image in images if image.name == name), None)
    if image is None:
        raise Invalid.of({"image": f"unknown; there is {_listed(each.name for each in images) or 'none'}"})
    if image.framework != framework:
        raise Invalid.of({"image": f"runs {image.framework}, and {framework} is asked for"})
    if image.container != runtime.of_containers:
        kind = "a container's" if image.container else "a machine's"
        raise Invalid.of({"image": f"is {kind}, and this site's machines are of the runtime {runtime.name}"})
    if image.bundle_version not in bundles:
        known = ", ".join(bundles)
        raise Invalid.of({"image": f"has the bundle {image.bundle_version}, and this portal works with {known}"})
    if architecture not in (None, image.architecture):
        raise Invalid.of({"architecture": f"the image {name} is for {image.architecture}"})
    return image


def no_image(images: Iterable[Image], bundle: str, framework: str, runtime: Runtime) -> Unavailable:
    fitting = [each for each in images if (each.framework, each.container) == (framework, runtime.of_containers)]
    others = _listed(image.bundle_version for image in fitting)
    there = f" Those that it has are of the bundle {others}." if others else ""
    kind = "container image" if runtime.of_containers else "image"
    return Unavailable(
        f"The cloud has no {kind} for {framework} with bundle {bundle}.{there}",
        "Tell your administrator: the image is to be made and the catalogue imported again.",
    )


def unknown_names(asked: Mapping[str, Any], flavors: Iterable[str], share_types: Iterable[str]) -> dict[str, str]:
    """The faults of fields that name something of the catalogue. `asked`: the values by the fields' paths."""
    known = {"flavor": [*flavors], "master_flavor": [*flavors], "scratch.share_type": share_types}
    return {
        field: f"unknown; there is {', '.join(names) or 'none'}"
        for field, names in known.items()
        if asked.get(field) is not None and asked[field] not in names
    }


def without_storage(more: Mapping[str, Any], share_types: Sized) -> dict[str, str]:
    """A scratch folder lies on the cloud's storage, be it of whatever kind; who wants none need not know of it."""
    if not more.get("scratch") or share_types:
        return {}
    return {"scratch": "this cloud has no storage for folders; leave it out"}


def too_few_gpus(flavor: Flavor, spec: ClusterSpec) -> dict[str, str]:
    if flavor.gpus >= spec.gpus:
        return {}
    return {"gpus": f"the flavor {flavor.name} has {flavor.gpus}, and {spec.gpus} are asked for"}


def container_sizes(flavors: Mapping[str, Flavor], flavor: object, master_flavor: object) -> dict[str, Any]:
    """For the spec of a cluster of containers. A flavor that is unknown is refused at its own field."""

    def size(name: object) -> dict[str, int]:
        found = flavors.get(name) if isinstance(name, str) else None
        return {"vcpus": found.vcpus, "memory_mb": found.memory_mb} if found else {"vcpus": 1, "memory_mb": 1024}

    return {"size": size(flavor), **({} if master_flavor is None else {"master_size": size(master_flavor)})}


def sizes_of(flavors: Mapping[str, Flavor], spec: ClusterSpec) -> dict[str, dict[str, Any]]:
    """One node of each role: its flavor, with the processors, memory and GPUs, and the storage that HDFS has of it."""
    master = frameworks.manifest(spec.framework).master.name
    machines = {role.name: flavors[spec.flavor] for role in frameworks.manifest(spec.framework).roles}
    machines[master] = flavors[spec.master_flavor or spec.flavor]
    return {
        role: {
            "flavor": each.name,
            "vcpus": each.vcpus,
            "memory_mb": each.memory_mb,
            "gpus": each.gpus,
            # The master keeps HDFS's names, and no blocks.
            "hdfs_gb": 0 if role == master else _storage_gb(each, spec),
        }
        for role, each in machines.items()
    }


def _storage_gb(flavor: Flavor, spec: ClusterSpec) -> int:
    """On its own disk HDFS may take what the flavor has."""
    volume_gb = spec.hdfs.volume_gb
    return flavor.disk_gb if volume_gb is None else volume_gb * spec.hdfs.volumes_each


def size_together(sizes: Mapping[str, Mapping[str, Any]], roles: Iterable[str]) -> dict[str, int]:
    """Processors and memory of nodes of these roles together."""
    nodes = [sizes[role] for role in roles]
    return {figure: sum(node[figure] for node in nodes) for figure in ("vcpus", "memory_mb")}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))
