"""Clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..transport import Json, segment
from .base import Calls, Told, said, wait_until

CLUSTER_ENDS = ("ready", "failed", "deleted")
PRESENT = ("creating", "ready", "updating", "deleting", "failed")


class Clusters(Calls):
    def clusters(self, name: str = "", owner: str = "", course: str = "", status: Sequence[str] = ()) -> list[Json]:
        """Those that one may see, newest first; only of this name, person, course (its id), in one of these states."""
        return self._portal.pages("clusters", said(name=name, owner=owner, course=course, status=status))

    def cluster(self, cluster_id: str) -> Json:
        return self._portal.json("GET", f"clusters/{segment(cluster_id)}")

    def create_cluster(
        self,
        course: str,
        name: str,
        workers: int,
        flavor: str,
        hours: int,
        framework: str = "spark",
        idempotency_key: str = "",
        folders: Sequence[Mapping[str, str]] = (),
        more: Mapping[str, Any] | None = None,
    ) -> Json:
        """Ask for a cluster; `course` is a course's id. With the same key the call may be repeated: it stays one
        cluster. Without one each call has a key of its own.

        `more`: whatever else may be asked for, by the names of docs/cluster-spec.md.
        `folders`: {"folder": ID, "path": "/data/flights", "access": "rw" or "ro"} each; the last two may be left out.
        """
        body = cluster_wish(course, name, workers, flavor, hours, framework, folders, more)
        return self.create(body, idempotency_key)

    def create(self, wish: Json, idempotency_key: str = "") -> Json:
        """Ask for a cluster, as `cluster_wish` says it."""
        return self._portal.json("POST", "clusters", wish, key=idempotency_key)

    def price(self, wish: Json) -> Json:
        """What a cluster would cost and whether there is room for it, as `cluster_wish` says it. Nothing is made."""
        return self._portal.json("POST", "clusters/price", wish, harmless=True)

    def cost(self, cluster_id: str) -> Json:
        """What it has cost so far, and what an hour of it costs."""
        return self._portal.json("GET", f"clusters/{segment(cluster_id)}/cost")

    def cluster_events(self, cluster_id: str, state: str = "", node: str = "") -> list[Json]:
        """The steps that its machines have ended, the oldest first; only those "done" or "failed", of one node."""
        return self._portal.pages(f"clusters/{segment(cluster_id)}/events", said(state=state, node=node))

    def offers(self) -> Json:
        """What there is to choose among: frameworks, flavors, images, kinds of storage, and what they cost."""
        return self._portal.json("GET", "offers")

    def extend_cluster(self, cluster_id: str, hours: int) -> Json:
        """Ask for so many hours more; the cluster as it is now."""
        return self._portal.json("POST", f"clusters/{segment(cluster_id)}/extend", {"hours": hours})

    def delete_cluster(self, cluster_id: str) -> Json:
        """Ask for its end; the cluster as it is now."""
        return self._portal.json("DELETE", f"clusters/{segment(cluster_id)}")

    def resize_cluster(self, cluster_id: str, workers: int | None = None, remove: Sequence[str] = ()) -> Json:
        """Ask for so many workers, or for the end of those named in `remove`; the cluster as it is now.

        It works on meanwhile. Wait for "ready" (it is "updating" until then), and look at "change_failure".
        """
        body: Json = {"remove": list(remove)} if workers is None else {"workers": workers}
        return self._portal.json("POST", f"clusters/{segment(cluster_id)}/resize", body)

    def repair_cluster(self, cluster_id: str, nodes: Sequence[str] = ()) -> Json:
        """Ask for these workers to be made anew, or for all that are in trouble. Otherwise as resize_cluster."""
        return self._portal.json("POST", f"clusters/{segment(cluster_id)}/repair", {"nodes": list(nodes)})

    def wait_for_cluster(
        self,
        cluster_id: str,
        seconds: float = 900.0,
        progress: Told | None = None,
        ends: Sequence[str] = CLUSTER_ENDS,
    ) -> Json:
        """The cluster once its status is one of `ends`: look which. TimeoutError after so many seconds.

        `progress` is called with the cluster whenever it has changed.
        """
        return wait_until(lambda: self.cluster(cluster_id), ends, seconds, progress)


def cluster_wish(
    course: str,
    name: str,
    workers: int,
    flavor: str,
    hours: int,
    framework: str = "spark",
    folders: Sequence[Mapping[str, str]] = (),
    more: Mapping[str, Any] | None = None,
) -> Json:
    """The body of a request for a cluster."""
    body: Json = {
        **(more or {}),
        "course": course,
        "name": name,
        "framework": framework,
        "workers": workers,
        "flavor": flavor,
        "hours": hours,
    }
    return {**body, "folders": [dict(use) for use in folders]} if folders else body
