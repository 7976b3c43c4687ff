"""What went wrong, in words for the person whose cluster it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cloudinit.frameworks.manifest import Manifest
from portal.failure import Failure

# What Heat puts around a node's own words is "...: WaitConditionFailure: resources.worker-01-ready: "
_NODE_SIGNAL = re.compile(r"WaitConditionFailure: resources\.(?P<node>[\w-]+)-ready: (?P<why>.*)", re.DOTALL)
_NODE_SILENT = re.compile(r"WaitConditionTimeout: resources\.(?P<node>[\w-]+)-ready:")
_RESOURCE = re.compile(r"(?P<error>\w+): resources\.(?P<resource>[\w-]+): (?P<why>.*)", re.DOTALL)
_DELETE_AND_RETRY = "Delete this cluster and create it again. If it fails in the same way, show this to your teacher."
_GOES_ON = (
    "The cluster goes on without this change. Try it again; if it fails in the same way, show this to your teacher."
)
# What to do about causes that come back when nothing is done but another create; the first that fits.
_ADVICE = (
    (
        re.compile(r"\bport \d+ on \S+ is taken"),
        "Another program holds a port that the cluster needs: have it ended, delete this cluster and create it again.",
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        "The machine's disk is full: have space made there, or delete this cluster and create one of larger machines.",
    ),
    (
        re.compile(r"the portal expects the bundle|the facts have version"),
        "The image of the machines does not fit this portal: show this to your administrator.",
    ),
)


def of_stack(reason: str, manifest: Manifest) -> Failure:
    """From Heat's reason for a stack or a resource that failed."""
    if found := _NODE_SIGNAL.search(reason):
        why = _with_title(found["why"].strip(), manifest)
        return Failure(f"The node {found['node']} could not start.", why, _advice(why))
    if found := _NODE_SILENT.search(reason):
        why = "It did not report within its time; it may have been too slow, or unable to reach the cloud."
        return Failure(f"The node {found['node']} was not heard of.", why, _DELETE_AND_RETRY)
    if found := _RESOURCE.search(reason):
        return Failure(f"The cloud could not make {found['resource']}.", found["why"].strip(), _DELETE_AND_RETRY)
    return Failure("The cloud could not make the cluster.", reason or "It gave no reason.", _DELETE_AND_RETRY)


def _with_title(why: str, manifest: Manifest) -> str:
    """A node says "step: cause"; people read the step's title."""
    name, colon, cause = why.partition(": ")
    title = manifest.step_titles.get(name)
    return f"{title}: {cause}" if colon and title else why


def _advice(why: str) -> str:
    return next((advice for cause, advice in _ADVICE if cause.search(why)), _DELETE_AND_RETRY)


def refused(reason: str) -> Failure:
    """From the cloud's answer to a template that it did not take."""
    return Failure(
        "The cloud refused to make the cluster.",
        reason,
        "Delete it and choose another size, or show this to your teacher.",
    )


def of_change(reason: str, manifest: Manifest) -> Failure:
    """From Heat's reason for an update that failed. The cause alone: the machine that could tell more is gone soon."""
    failure = of_stack(reason, manifest)
    cause, _, _ = failure.why.partition("\n")
    return Failure(failure.what, cause, failure.next if failure.next != _DELETE_AND_RETRY else _GOES_ON)


def change_refused(reason: str) -> Failure:
    return Failure("The cloud refused the change.", reason, _GOES_ON)


def cloud_busy() -> Failure:
    why = "Heat was busy with the cluster's stack all the time, or has lost it."
    return Failure("The cloud did not take the change.", why, _GOES_ON)


def change_unsafe(resources: Sequence[str]) -> Failure:
    """Heat's preview says that the update would do more than it should."""
    return Failure(
        "The change was not made, as it would have cost more than it should.",
        f"The cloud would have replaced or deleted also: {', '.join(resources)}.",
        "The cluster goes on as it was. Show this to your administrator.",
    )


def kept(reasons: Mapping[str, str]) -> Failure:
    """From what kept nodes that were to leave, by their names."""
    why = "; ".join(f"{name}: {reason or 'the master said nothing of it'}" for name, reason in reasons.items())
    return Failure(f"{', '.join(reasons)} could not leave in time and stay.", why, _GOES_ON)


def lost() -> Failure:
    why = "Its stack is no longer in the cloud: somebody deleted it there."
    return Failure("The cluster is gone.", why, "Delete this entry and create a new cluster.")
