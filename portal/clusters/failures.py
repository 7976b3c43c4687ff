"""What went wrong, in words for the person whose cluster it is. Pure."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

# What Heat puts around a node's own words is "...: WaitConditionFailure: resources.worker-01-ready: "
_NODE_SIGNAL = re.compile(r"WaitConditionFailure: resources\.(?P<node>[\w-]+)-ready: (?P<why>.*)", re.DOTALL)
_NODE_SILENT = re.compile(r"WaitConditionTimeout: resources\.(?P<node>[\w-]+)-ready:")
_RESOURCE = re.compile(r"(?P<error>\w+): resources\.(?P<resource>[\w-]+): (?P<why>.*)", re.DOTALL)
_DELETE_AND_RETRY = "Delete this cluster and create it again. If it fails in the same way, show this to your teacher."


@dataclass(frozen=True)
class Failure:
    what: str
    why: str
    next: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def of_stack(reason: str) -> Failure:
    """From Heat's reason for a stack that failed."""
    if found := _NODE_SIGNAL.search(reason):
        return Failure(f"The node {found['node']} could not start.", found["why"].strip(), _DELETE_AND_RETRY)
    if found := _NODE_SILENT.search(reason):
        why = "It did not report within its time; it may have been too slow, or unable to reach the cloud."
        return Failure(f"The node {found['node']} was not heard of.", why, _DELETE_AND_RETRY)
    if found := _RESOURCE.search(reason):
        return Failure(f"The cloud could not make {found['resource']}.", found["why"].strip(), _DELETE_AND_RETRY)
    return Failure("The cloud could not make the cluster.", reason or "It gave no reason.", _DELETE_AND_RETRY)


def refused(reason: str) -> Failure:
    """From the cloud's answer to a template that it did not take."""
    return Failure(
        "The cloud refused to make the cluster.",
        reason,
        "Delete it and choose another size, or show this to your teacher.",
    )


def lost() -> Failure:
    why = "Its stack is no longer in the cloud: somebody deleted it there."
    return Failure("The cluster is gone.", why, "Delete this entry and create a new cluster.")
