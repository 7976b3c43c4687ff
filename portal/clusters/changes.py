"""Who is to come, to leave or to be made anew, and why not. Pure.

The rows of a cluster's nodes say what shall be; `Cluster.spec` says what it was when it was last ready.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from cloudinit.frameworks.manifest import Manifest, node_number

MEGABYTE = 1024**2


class Worker(Protocol):
    name: str
    trouble: str
    leaving: bool
    storage: Any


def staying_numbers(workers: Iterable[Worker]) -> list[int]:
    """The numbers of the workers that a template is to have."""
    return sorted(node_number(worker.name) for worker in workers if not worker.leaving)


def emptiest(workers: Iterable[Worker], how_many: int) -> list[str]:
    """Of those that stay: first what is in trouble, then what holds the fewest blocks, of equals the youngest."""
    staying = [worker for worker in workers if not worker.leaving]
    staying.sort(key=lambda worker: (not worker.trouble, _figure(worker, "blocks"), -node_number(worker.name)))
    return [worker.name for worker in staying[: max(0, how_many)]]


def copies_kept(manifest: Manifest, settings: Mapping[str, Mapping[str, str]], workers: int) -> int:
    """How many copies of each block the storage of a cluster with so many workers keeps."""
    family, name = manifest.copies_setting
    wanted = settings.get(family, {}).get(name, "")
    return int(wanted) if wanted.isdecimal() else max(1, min(manifest.copies, workers))


def why_not_without(
    leaving: Collection[str], workers: Sequence[Worker], manifest: Manifest, settings: Mapping[str, Mapping[str, str]]
) -> str:
    """Why these cannot leave, with the figures; "" where they can."""
    present = [worker for worker in workers if not worker.leaving]
    left = [worker for worker in present if worker.name not in leaving]
    if len(left) < manifest.minimum_workers:
        return f"{len(left)} workers would be left, and {manifest.minimum_workers} is the least."
    if len(left) < (copies := copies_kept(manifest, settings, len(present))):
        return f"Each block is kept {copies} times, and {len(left)} workers would be left to keep it."
    used = sum(_figure(worker, "used") for worker in present if worker.name in leaving)
    free = sum(_figure(worker, "remaining") for worker in left)
    if used > free:
        return f"{used / MEGABYTE:.0f} MB would have to move, and there are {free / MEGABYTE:.0f} MB free elsewhere."
    return ""


def belongs(resource: str, node: str) -> bool:
    """Whether a resource of a template is one of this node's."""
    return resource == node or resource.startswith(f"{node}-")


def unintended(touched: Iterable[str], leaving: Collection[str], anew: Collection[str]) -> list[str]:
    """Of the resources that an update would replace or delete, those that it must not."""
    return sorted(
        resource
        for resource in touched
        if not any(belongs(resource, node) for node in leaving)
        # A node that is made anew keeps its address.
        and not any(belongs(resource, node) and resource != f"{node}-port" for node in anew)
    )


def _figure(worker: Worker, name: str) -> int:
    return int((worker.storage or {}).get(name, 0))
