"""Fields of a spec that are right each for itself, and wrong together. Pure."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cloudinit import frameworks
from cloudinit.slipway_node.mount_paths import is_inside
from heat_templates import limits
from heat_templates.runtimes import RUNTIMES

if TYPE_CHECKING:
    from heat_templates.spec import ClusterSpec

NOTHING: tuple[Any, ...] = (None, False, 0, [], "root")  # what a field says that asks for nothing


def contradictions(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Each field that is wrong, by its path, and why."""
    yield from _runtime_contradictions(spec)
    yield from _network_contradictions(spec)
    if (spec.hdfs.volume_gb is None) == (spec.hdfs.storage == "volumes"):
        yield "hdfs.volume_gb", "goes with the storage volumes, and only with it"
    yield from _path_contradictions(spec)
    yield from _setting_contradictions(spec)


def _runtime_contradictions(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    runtime = RUNTIMES[spec.runtime]
    for field, why in runtime.lacks.items():
        asked: Any = spec
        for name in field.split("."):
            asked = getattr(asked, name)
        if asked not in NOTHING:
            yield field, why
    if runtime.of_containers and spec.size is None:
        yield "size", f"must be there for {runtime.name}: a container has the size that it is told"
    elif not runtime.of_containers and spec.size is not None:
        yield "size", f"goes with runtimes of containers only: with {runtime.name} the flavor says it"
    if (spec.master_size is None) != (spec.size is None or spec.master_flavor is None):
        yield "master_size", "goes with size and master_flavor, and only with both"


def _network_contradictions(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    if (spec.network is None) == (spec.own_network is None):
        yield "network", "name one that is there, or ask for own_network: one of the two"
    if spec.own_network is not None:
        addresses = ipaddress.IPv4Network(spec.own_network.cidr).num_addresses - limits.ADDRESSES_TAKEN
        nodes = len(frameworks.manifest(spec.framework).nodes(spec.workers))
        if addresses < nodes:
            yield "own_network.cidr", f"has room for {max(addresses, 0)} machines, and there are {nodes}"
        # Behind a router a server of NFS sees the router's address: its rules would shut the machines out, or let in
        # whoever comes by the same router.
        if spec.scratch or any(folder.protocol == "NFS" for folder in spec.folders):
            yield (
                "own_network",
                "goes with neither a scratch folder nor folders over NFS: these know machines by address",
            )


def _path_contradictions(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    paths = {"scratch.path": spec.scratch.path} if spec.scratch else {}
    paths |= {f"folders.{number}.path": folder.path for number, folder in enumerate(spec.folders)}
    for (_, other), (field, path) in itertools.combinations(paths.items(), 2):
        if is_inside(path, (other,)) or is_inside(other, (path,)):
            yield field, f"must lie neither inside nor around {other}, which is mounted too"


def _setting_contradictions(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    manifest = frameworks.manifest(spec.framework)
    families = tuple(manifest.protected_settings)
    for family, settings in spec.settings.items():
        if family not in families:
            yield f"settings.{family}", f"unknown; known are {', '.join(families)}"
            continue
        for name in settings:
            if manifest.is_protected(family, name):
                yield f"settings.{family}.{name}", "carries security, addresses or software: Slipway sets it itself"
