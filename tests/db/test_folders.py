"""Making, growing and deleting folders: who may, and what is refused with which words."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.cloud.models import ShareType
from portal.clusters.models import Cluster, Status
from portal.courses.models import Course
from portal.folders import schedule
from portal.folders.models import Folder, Mount
from portal.folders.models import Status as FolderStatus
from tests.db.conftest import make_available, problem

Api = Callable[[User | None], Client]


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/v1/folders{path}", json.dumps(body), content_type="application/json")


def make(client: Client, where: Course, /, **changes: Any) -> Any:
    return post(client, "", **{"course": str(where.pk), "name": "data", "size_gb": 1, **changes})


def mounted(folder: Folder, cluster: Cluster) -> None:
    Mount.objects.create(folder=folder, cluster=cluster, path="/data/flights", access="rw")


def test_it_accepts_and_says_where_to_look(api: Api, alice: User, course: Course) -> None:
    answer = make(api(alice), course)
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"].endswith(f"/api/v1/folders/{body['id']}")
    assert (body["status"], body["target"], body["maker"]) == ("creating", "available", "alice")
    assert (body["share_type"], body["protocol"], body["size_gb"]) == ("nfs", "NFS", 1)
    assert (body["used_by"], body["used_by_others"]) == ([], 0)
    assert api(alice).get(answer.headers["Location"]).json() == body
    assert [row["id"] for row in api(alice).get("/api/v1/folders").json()["results"]] == [body["id"]]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"size_gb": 0}, "size_gb"),
        ({"size_gb": 10**7}, "size_gb"),
        ({"size_gb": "much"}, "size_gb"),
        ({"share_type": "gold"}, "share_type"),
        ({"sise": 1}, "sise"),
        ({"course": "00000000-0000-0000-0000-000000000000"}, "course"),
    ],
)
def test_each_wrong_field_is_named(api: Api, alice: User, course: Course, wrong: dict[str, Any], field: str) -> None:
    answer = make(api(alice), course, **wrong)
    assert answer.status_code == 422
    assert field in problem(answer)["errors"]
    assert not Folder.objects.exists()


def test_a_cloud_without_share_types_is_told_as_such(api: Api, alice: User, course: Course) -> None:
    ShareType.objects.all().delete()
    answer = make(api(alice), course)
    assert answer.status_code == 503
    assert "no storage for folders" in problem(answer)["detail"]


def test_a_course_has_each_name_once(api: Api, alice: User, ann: User, course: Course) -> None:
    make(api(alice), course)
    assert problem(make(api(ann), course))["status"] == 409
    Folder.objects.update(status=FolderStatus.DELETED, target=FolderStatus.DELETED)
    assert make(api(ann), course).status_code == 202


def test_a_student_has_a_limit_and_a_teacher_has_the_clouds(api: Api, alice: User, bob: User, course: Course) -> None:
    assert make(api(alice), course, size_gb=20).status_code == 202
    refused = problem(make(api(alice), course, name="more", size_gb=1))
    assert (refused["status"], refused["type"]) == (409, "urn:slipway:problem:limit-reached")
    assert make(api(bob), course, name="much", size_gb=500).status_code == 202


def test_growing_keeps_the_share_and_is_one_growth_however_often_it_is_asked_for(
    api: Api, bob: User, folder: Folder
) -> None:
    for _ in range(2):
        answer = post(api(bob), f"/{folder.pk}/grow", size_gb=8)
        assert answer.status_code == 202
        body = answer.json()
        assert (body["status"], body["size_gb"], body["wanted_gb"]) == ("growing", 5, 8)
    assert problem(post(api(bob), f"/{folder.pk}/grow", size_gb=9))["status"] == 409
    folder.refresh_from_db()
    assert folder.share_id == f"share-{folder.pk}"


@pytest.mark.parametrize("size_gb", [4, 0, -1, 10**9])
def test_a_folder_never_shrinks(api: Api, bob: User, folder: Folder, size_gb: int) -> None:
    answer = post(api(bob), f"/{folder.pk}/grow", size_gb=size_gb)
    assert answer.status_code == 422
    assert "more than the 5" in problem(answer)["errors"]["size_gb"]


def test_a_folder_that_is_being_made_is_not_grown(api: Api, alice: User, course: Course) -> None:
    made = make(api(alice), course).json()
    answer = post(api(alice), f"/{made['id']}/grow", size_gb=2)
    assert answer.status_code == 409
    assert "Wait" in problem(answer)["next"]


def test_delete_is_accepted_again_and_again_and_the_folder_stays_readable(api: Api, bob: User, folder: Folder) -> None:
    for _ in range(2):
        answer = api(bob).delete(f"/api/v1/folders/{folder.pk}")
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["target"]) == ("deleting", "deleted")
    Folder.objects.update(status=FolderStatus.DELETED)
    assert api(bob).get(f"/api/v1/folders/{folder.pk}").json()["status"] == "deleted"
    assert api(bob).get("/api/v1/folders").json()["results"] == []


def test_a_folder_in_use_is_not_deleted_and_the_refusal_says_by_which(
    api: Api, bob: User, folder: Folder, ready: Cluster
) -> None:
    mounted(folder, ready)
    answer = api(bob).delete(f"/api/v1/folders/{folder.pk}")
    assert answer.status_code == 409
    assert "'ready' of alice" in problem(answer)["detail"]
    Cluster.objects.update(status=Status.DELETED, target=Status.DELETED)
    assert api(bob).delete(f"/api/v1/folders/{folder.pk}").status_code == 202


def test_whose_cluster_uses_a_folder_is_shown_to_teachers_and_to_its_owner(
    api: Api, alice: User, ann: User, bob: User, folder: Folder, ready: Cluster
) -> None:
    mounted(folder, ready)
    for person in (alice, bob):
        body = api(person).get(f"/api/v1/folders/{folder.pk}").json()
        assert [(use["name"], use["path"], use["access"]) for use in body["used_by"]] == [
            ("ready", "/data/flights", "rw")
        ]
        assert body["used_by_others"] == 0
    body = api(ann).get(f"/api/v1/folders/{folder.pk}").json()
    assert (body["used_by"], body["used_by_others"]) == ([], 1)
    assert "ready" not in json.dumps(body["used_by"])


def test_outsiders_learn_nothing_and_classmates_may_look_only(
    api: Api, ann: User, charlie: User, folder: Folder
) -> None:
    for deed in (
        lambda client: client.get(f"/api/v1/folders/{folder.pk}"),
        lambda client: client.delete(f"/api/v1/folders/{folder.pk}"),
        lambda client: post(client, f"/{folder.pk}/grow", size_gb=9),
    ):
        assert deed(api(charlie)).status_code == 404
    assert api(charlie).get("/api/v1/folders").json()["results"] == []
    assert api(ann).get(f"/api/v1/folders/{folder.pk}").status_code == 200
    for answer in (api(ann).delete(f"/api/v1/folders/{folder.pk}"), post(api(ann), f"/{folder.pk}/grow", size_gb=9)):
        assert answer.status_code == 403
        assert "a teacher of the course" in problem(answer)["next"]
    folder.refresh_from_db()
    assert (folder.target, folder.wanted_gb) == (FolderStatus.AVAILABLE, 5)


def test_the_maker_and_the_administrator_may_grow_and_delete(api: Api, alice: User, dora: User, course: Course) -> None:
    for number, person in enumerate((alice, dora)):
        made = make(api(alice), course, name=f"data {number}").json()
        make_available(Folder.objects.get(pk=made["id"]))
        assert post(api(person), f"/{made['id']}/grow", size_gb=2).status_code == 202
        assert api(person).delete(f"/api/v1/folders/{made['id']}").status_code == 202


def test_what_moves_is_looked_at_every_second_and_what_rests_every_half_minute(
    folder: Folder, course: Course, ready: Cluster
) -> None:
    def due(seconds: float) -> bool:
        Course.objects.update(folders_reconciled_at=timezone.now() - timedelta(seconds=seconds))
        return list(schedule.due_courses()) == [course]

    assert (due(1), due(29), due(31)) == (False, False, True)
    mounted(folder, ready)
    Cluster.objects.update(status=Status.DELETING, target=Status.DELETED)
    assert due(1)
    Cluster.objects.update(status=Status.DELETED)
    assert not due(1)
    Folder.objects.update(status=FolderStatus.GROWING)
    assert due(1)
    Folder.objects.update(status=FolderStatus.FAILED)
    assert not due(1)
    Folder.objects.update(status=FolderStatus.DELETED, target=FolderStatus.DELETED)
    assert not due(31)
