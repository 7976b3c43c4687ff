"""What the agents are told of their cluster's nodes, and what they say that they go by."""

from __future__ import annotations

from typing import Any

import pytest

from portal.clusters.hosts import digest
from portal.clusters.models import Cluster, Node, Status
from tests.db.test_nodes import node

HOSTS = {"master": "127.88.3.10", "worker-01": "127.88.3.11", "worker-02": "127.88.3.12"}
SETTLED = digest({"hosts": HOSTS, "leaving": []})


def ask(cluster: Cluster, name: str, known: str) -> Any:
    return node(cluster, name).get(f"/node/v1/hosts?known={known}&wait=0")


def test_each_node_hears_who_belongs_to_the_cluster(ready: Cluster) -> None:
    for name in HOSTS:
        assert ask(ready, name, "").json() == {"digest": SETTLED, "hosts": HOSTS, "leaving": []}


def test_a_node_that_goes_by_it_hears_nothing_and_is_taken_at_its_word(ready: Cluster) -> None:
    assert ask(ready, "worker-01", SETTLED).status_code == 204
    assert ready.nodes.get(name="worker-01").known_hosts == SETTLED
    assert ready.nodes.get(name="worker-02").known_hosts == ""


def test_before_the_cloud_has_told_the_addresses_a_node_goes_by_its_facts(creating: Cluster) -> None:
    assert ask(creating, "worker-01", SETTLED).status_code == 204


def test_a_node_that_leaves_is_named_and_one_without_an_address_is_not(ready: Cluster) -> None:
    ready.nodes.filter(name="worker-02").update(leaving=True)
    Node.objects.create(cluster=ready, name="worker-03", role="worker")
    said = ask(ready, "master", SETTLED).json()
    assert said == {"digest": said["digest"], "hosts": HOSTS, "leaving": ["worker-02"]}
    assert said["digest"] != SETTLED
    assert ask(ready, "worker-03", "").status_code == 204


def test_the_first_word_of_a_node_on_a_change_asks_for_a_pass(
    ready: Cluster, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda *given, **_: asked.append(given))
    for status, passes in ((Status.READY, 0), (Status.UPDATING, 1)):
        Cluster.objects.update(status=status)
        Node.objects.update(known_hosts="")
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(2):
                ask(ready, "worker-01", SETTLED)
        assert len(asked) == passes


def test_a_digest_that_cannot_be_one_harms_nothing(ready: Cluster) -> None:
    assert ask(ready, "worker-01", "x" * 5000).json()["digest"] == SETTLED


@pytest.mark.parametrize("credential", ["", "x", "a.b.c"])
def test_without_a_credential_nothing_is_told(ready: Cluster, credential: str) -> None:
    assert node(ready).get("/node/v1/hosts", headers={"Authorization": f"Bearer {credential}"}).status_code == 401
