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


def to_be_made_anew(names: Collection[str], workers: Sequence[Worker], copies: int) -> list[str]:
    """Those of these names; without any, of those in trouble as many as may go at once, so that copies stay."""
    if names:
        return [worker.name for worker in workers if worker.name in names]
    lost = [worker for worker in workers if worker.trouble]
    holding = [worker.name for worker in lost if _may_hold(worker)][: max(1, copies - 1)]
    return [worker.name for worker in lost if worker.name in holding or not _may_hold(worker)]


def why_not_anew(anew: Collection[str], workers: Sequence[Worker], copies: int) -> str:
    """Why these cannot be made anew, each with an empty disk; "" where they can."""
    if well := sorted(worker.name for worker in workers if worker.name in anew and not worker.trouble):
        return f"Nothing is wrong with {', '.join(well)}: there is nothing to repair."
    holding = [worker for worker in workers if worker.name in anew and _may_hold(worker)]
    if len(holding) >= copies:
        times = "once" if copies == 1 else f"{copies} times"
        return f"Each block is kept {times}, and {len(holding)} of the workers that keep blocks would lose them."
    if holding and not any(not worker.trouble for worker in workers):
        return f"All {len(workers)} workers are in trouble, so none is known to have another copy of the blocks."
    return ""


def why_not_without(
    leaving: Collection[str], workers: Sequence[Worker], manifest: Manifest, settings: Mapping[str, Mapping[str, str]]
) -> str:
    """Why these cannot leave, with the figures; "" where they can."""
    present = [worker for worker in workers if not worker.leaving]
    left = [worker for worker in present if worker.name not in leaving]
    if len(left) < manifest.minimum_workers:
        return f"{len(left)} workers would be left, and {manifest.minimum_workers} is the least."
    well = [worker for worker in left if not worker.trouble]
    if len(well) < (copies := copies_kept(manifest, settings, len(present))):
        those = "workers" if well == left else "workers without trouble"
        return f"Each block is kept {copies} times, and {len(well)} {those} would be left to keep it."
    used = sum(_figure(worker, "used") for worker in present if worker.name in leaving)
    free = sum(_figure(worker, "remaining") for worker in well)
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


def _may_hold(worker: Worker) -> bool:
    """Whether blocks may be lost with it. What is not known may be."""
    return worker.storage is None or _figure(worker, "blocks") > 0


def _figure(worker: Worker, name: str) -> int:
    return int((worker.storage or {}).get(name, 0))
