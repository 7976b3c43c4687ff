"""Folders in a cluster: asked for with it, mounted at paths, and given back before the cluster goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

import heat_templates
from portal.accounts.models import User
from portal.cloud import stacks
from portal.cloud.stacks import Stack
from portal.clusters import services
from portal.clusters.life import reconciler
from portal.clusters.models import Cluster, Node, Status
from portal.clusters.wishes import FolderUse, Wish
from portal.courses.models import Course
from portal.folders.models import Folder, Grant, Mount
from portal.folders.models import Status as FolderStatus
from portal.folders.services import FolderWish
from portal.folders.services import create as create_folder
from tests.db.conftest import body_of, make_available, make_ready, problem

Api = Callable[[User | None], Client]


def ask(client: Client, wish: Wish, *folders: dict[str, Any]) -> Any:
    body = {**body_of(wish), "folders": folders}
    return client.post("/api/v1/clusters", json.dumps(body), content_type="application/json")


@pytest.fixture
def mounting(alice: User, wish: Wish, folder: Folder) -> Cluster:
    return services.create(alice, Wish(**{**wish.__dict__, "folders": (FolderUse(str(folder.pk)),)}))


def test_a_cluster_mounts_folders_at_the_paths_asked_for_or_at_ones_made_from_their_names(
    api: Api, alice: User, bob: User, course: Course, wish: Wish, folder: Folder
) -> None:
    other = make_available(create_folder(bob, FolderWish(str(course.pk), "Models", 1)))
    Folder.objects.filter(pk=other.pk).update(exports=["a:/1", "b:/1"])
    answer = ask(
        api(alice), wish, {"folder": str(other.pk), "path": "/models", "access": "ro"}, {"folder": str(folder.pk)}
    )
    assert answer.status_code == 202
    assert answer.json()["folders"] == [
        {"folder": str(other.pk), "name": "Models", "path": "/models", "access": "ro"},
        {"folder": str(folder.pk), "name": "Flights of 2013", "path": "/data/flights-of-2013", "access": "rw"},
    ]
    cluster = Cluster.objects.get()
    assert cluster.spec["folders"] == [
        {"path": "/models", "export": ["a:/1", "b:/1"], "protocol": "NFS", "access": "ro"},
        {"path": "/data/flights-of-2013", "export": "10.0.0.5:/shares/1", "protocol": "NFS", "access": "rw"},
    ]
    assert heat_templates.ClusterSpec.from_mapping(cluster.spec).folders[0].path == "/models"


def test_two_clusters_may_mount_one_folder(alice: User, ann: User, wish: Wish, folder: Folder) -> None:
    for person in (alice, ann):
        services.create(person, Wish(**{**wish.__dict__, "folders": (FolderUse(str(folder.pk)),)}))
    assert Mount.objects.filter(folder=folder).count() == 2


@pytest.mark.parametrize(
    ("use", "field"),
    [
        ({"path": "/etc/passwd"}, "folders.0.path"),
        ({"path": "data"}, "folders.0.path"),
        ({"access": "all"}, "folders.0.access"),
        ({"folder": "00000000-0000-0000-0000-000000000000"}, "folders"),
        ({"folder": "x"}, "folders.0.folder"),
        ({"mode": "rw"}, "folders.0.mode"),
    ],
)
def test_what_is_wrong_with_a_folder_is_named(
    api: Api, alice: User, wish: Wish, folder: Folder, use: dict[str, str], field: str
) -> None:
    answer = ask(api(alice), wish, {"folder": str(folder.pk), **use})
    assert answer.status_code == 422
    assert field in problem(answer)["errors"]
    assert not Cluster.objects.exists()


def test_a_folder_of_another_course_is_as_none_and_one_folder_is_mounted_once(
    api: Api, alice: User, charlie: User, wish: Wish, folder: Folder
) -> None:
    there = charlie.memberships.get().course_id
    foreign = make_available(create_folder(charlie, FolderWish(str(there), "theirs", 1)))
    assert "no such folder" in problem(ask(api(alice), wish, {"folder": str(foreign.pk)}))["detail"]
    twice = [{"folder": str(folder.pk), "path": path} for path in ("/a", "/b")]
    assert "twice" in problem(ask(api(alice), wish, *twice))["detail"]


@pytest.mark.parametrize("status", [FolderStatus.CREATING, FolderStatus.FAILED, FolderStatus.DELETING])
def test_a_folder_that_is_not_available_is_not_mounted(
    api: Api, alice: User, wish: Wish, folder: Folder, status: str
) -> None:
    Folder.objects.update(status=status)
    answer = ask(api(alice), wish, {"folder": str(folder.pk)})
    assert answer.status_code == 409
    assert "not available" in problem(answer)["detail"]


@pytest.mark.parametrize(
    ("person", "access", "status"),
    [("alice", "rw", 422), ("alice", "ro", 202), ("ann", "rw", 202), ("bob", "rw", 202)],
)
def test_where_students_may_only_read_its_maker_and_teachers_write(
    api: Api, ann: User, course: Course, wish: Wish, person: str, access: str, status: int
) -> None:
    made = make_available(create_folder(ann, FolderWish(str(course.pk), "data", 1, access_for_students="ro")))
    who = api(User.objects.get(username=person))
    answer = ask(who, wish, {"folder": str(made.pk), "access": access})
    assert answer.status_code == status
    if status == 422:
        assert "ask ann or a teacher" in problem(answer)["errors"]["folders.0.access"]
    assert who.get(f"/api/v1/folders/{made.pk}").json()["access_for_students"] == "ro"


def test_addresses_are_learnt_while_the_machines_are_made_and_only_where_folders_wait_for_them(
    mounting: Cluster, creating: Cluster, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def output(_project: str, stack_id: str, _key: str) -> dict[str, str | None]:
        asked.append(stack_id)
        return {"master": "10.0.0.10", "worker-01": "10.0.0.11", "worker-02": None}

    known = {
        cluster.stack_name: Stack(cluster.name, cluster.stack_name, "CREATE", "IN_PROGRESS", "")
        for cluster in (mounting, creating)
    }
    Cluster.objects.update(stack_id="s")
    monkeypatch.setattr(stacks, "list_stacks", lambda _project: known)
    monkeypatch.setattr(stacks, "output", output)
    reconciler.reconcile(course)
    assert asked == ["flights"]
    addresses = dict(Node.objects.filter(cluster=mounting).values_list("name", "address"))
    assert addresses == {"master": "10.0.0.10", "worker-01": "10.0.0.11", "worker-02": None}
    Node.objects.filter(name="worker-02").update(address="10.0.0.12")
    reconciler.reconcile(course)
    assert asked == ["flights"]


def test_a_stack_is_deleted_only_after_its_access_was_taken_back(
    mounting: Cluster, course: Course, monkeypatch: pytest.MonkeyPatch, api: Api, alice: User
) -> None:
    deleted: list[str] = []
    stack = Stack("s", mounting.stack_name, "CREATE", "COMPLETE", "")
    monkeypatch.setattr(stacks, "list_stacks", lambda _project: {mounting.stack_name: stack})
    monkeypatch.setattr(stacks, "delete", lambda _project, stack_id: deleted.append(stack_id))
    grant = Grant.objects.create(mount=mounting.mounts.get(), subject="10.0.0.10")
    services.end(mounting, "of the test")
    reconciler.reconcile(course)
    assert deleted == []
    assert "take back" in api(alice).get(f"/api/v1/clusters/{mounting.pk}").json()["waiting_for"]
    grant.delete()
    reconciler.reconcile(course)
    assert deleted == ["s"]
    mounting.refresh_from_db()
    assert (mounting.status, mounting.waiting_for) == (Status.DELETING, "")


def test_a_worker_is_removed_only_after_its_access_was_taken_back(
    mounting: Cluster, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    updated: list[str] = []
    monkeypatch.setattr(stacks, "touched_by_update", lambda *_: {"worker-02-server", "worker-02-port"})
    monkeypatch.setattr(stacks, "update", lambda _project, stack_id, *_: updated.append(stack_id) or True)
    make_ready(mounting)
    Cluster.objects.update(status=Status.UPDATING, generation=2)
    mounting.nodes.filter(name="worker-02").update(leaving=True, kept_by="")
    mounting.refresh_from_db()
    grant = Grant.objects.create(mount=mounting.mounts.get(), subject="127.88.3.12", accepted=True)
    stack = Stack("s", mounting.stack_name, "CREATE", "COMPLETE", "")
    for _ in range(2):
        reconciler._advance(mounting, stack)
        mounting.refresh_from_db()
    assert updated == []
    assert "take back" in mounting.waiting_for
    grant.delete()
    reconciler._advance(mounting, stack)
    mounting.refresh_from_db()
    assert (updated, mounting.waiting_for) == (["s"], "")
