"""A ready cluster of three workers, and what Heat would say to its changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.cloud import stacks
from portal.cloud.stacks import Stack
from portal.clusters.life import reconciler
from portal.clusters.models import Cluster, Node
from portal.courses.models import Course
from tests.db.test_nodes import node, say

Api = Callable[[User | None], Client]


def send(client: Client, cluster: Cluster, verb: str, body: Any) -> Any:
    return client.post(f"/api/v1/clusters/{cluster.pk}/{verb}", body, content_type="application/json")


def now(cluster: Cluster) -> Cluster:
    return Cluster.objects.get(pk=cluster.pk)


def names(cluster: Cluster, **of: Any) -> list[str]:
    return [node.name for node in Node.objects.filter(cluster=cluster, **of)]


@pytest.fixture
def three(ready: Cluster) -> Cluster:
    """A ready cluster of three workers, of which the second holds least."""
    Node.objects.create(cluster=ready, name="worker-03", role="worker", address="127.88.3.13")
    Cluster.objects.update(spec={**ready.spec, "workers": 3}, vcpus=4, memory_mb=6144, highest_number=3)
    for number, blocks in ((1, 9), (2, 1), (3, 5)):
        storage = {"blocks": blocks, "used": blocks, "remaining": 100}
        Node.objects.filter(name=f"worker-0{number}").update(storage=storage)
    return now(ready)


class Heat:
    """What Heat's calls would be, for the passes of one cluster; `refusal` is what it says to an update."""

    def __init__(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stack = Stack("s", cluster.stack_name, "CREATE", "COMPLETE", "", 1)
        self.touched: set[str] | None = set()
        self.refusal: Exception | None = None
        self.templates: list[str] = []
        self.marked: list[str] = []
        self.failed: list[str] = []
        self.hosts = {node.name: node.address for node in cluster.nodes.all()}
        monkeypatch.setattr(stacks, "list_stacks", lambda _: {self.stack.name: self.stack})
        monkeypatch.setattr(stacks, "touched_by_update", lambda *_: self.touched)
        monkeypatch.setattr(stacks, "mark_unhealthy", lambda _, __, resource, ___: self.marked.append(resource))
        monkeypatch.setattr(stacks, "mark_healthy", lambda _, __, resource: self.marked.remove(resource))
        monkeypatch.setattr(stacks, "failed_resources", lambda *_: self.failed)
        monkeypatch.setattr(stacks, "output", lambda *_: self.hosts)
        monkeypatch.setattr(stacks, "update", self._update)

    def _update(self, project: str, stack_id: str, template: str, _: Any, generation: int, *__: Any) -> bool:
        if self.refusal:
            raise self.refusal
        self.templates.append(template)
        self.now("UPDATE", "IN_PROGRESS", generation=generation)
        return True

    def now(self, action: str, status: str, reason: str = "", generation: int = 0) -> None:
        self.stack = Stack("s", self.stack.name, action, status, reason, generation or self.stack.generation)


@pytest.fixture
def heat(three: Cluster, monkeypatch: pytest.MonkeyPatch) -> Heat:
    return Heat(three, monkeypatch)


def look(course: Course, times: int = 1) -> None:
    for _ in range(times):
        reconciler.reconcile(Course.objects.get(pk=course.pk))


def agree(cluster: Cluster) -> None:
    """All agents go by what they are told."""
    for each in Node.objects.filter(cluster=cluster):
        said = node(cluster, each.name).get("/node/v1/hosts?known=&wait=0").json()
        node(cluster, each.name).get(f"/node/v1/hosts?known={said['digest']}&wait=0")


def complete(cluster: Cluster, course: Course, heat: Heat) -> None:
    """Heat is done with the update, and the agents hear of it."""
    heat.now("UPDATE", "COMPLETE")
    look(course)
    agree(cluster)
    look(course)


def leave(cluster: Cluster, course: Course, heat: Heat, name: str) -> None:
    """A worker that is to leave holds nothing any more, and goes."""
    say(node(cluster), "health", {"troubles": {}, "leaving": {name: ""}})
    look(course)
    complete(cluster, course, heat)


def repairing(api: Api, three: Cluster, alice: User) -> None:
    say(node(three), "health", {"troubles": {"worker-03": "gone"}})
    assert send(api(alice), three, "repair", {}).status_code == 202
