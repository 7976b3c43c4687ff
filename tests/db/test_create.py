"""Asking for a cluster."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from heat_templates import ClusterSpec, render
from portal.accounts.models import User
from portal.api.serializers.clusters import ClusterSerializer
from portal.cloud.models import Image, ShareType
from portal.clusters import services
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import Wish
from portal.folders.models import Folder
from portal.refusals import LimitReached
from tests.db.conftest import body_of, problem


def post(client: Client, wish: Wish, **changes: Any) -> Any:
    body = json.dumps({**body_of(wish), **changes})
    return client.post("/api/v1/clusters", body, content_type="application/json")


def test_it_accepts_and_says_where_to_look(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    answer = post(api(alice), wish)
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["Location"].endswith(f"/api/v1/clusters/{body['id']}")
    assert body["status"] == "creating"
    assert body["target"] == "ready"
    assert body["progress"] == {"done": 0, "total": 25, "phase": "Waiting for the machines"}
    assert [(node["name"], node["role"], node["state"]) for node in body["nodes"]] == [
        ("master", "master", "waiting"), ("worker-01", "worker", "waiting"), ("worker-02", "worker", "waiting")
    ]  # fmt: skip
    assert (body["owner"], body["framework"], body["workers"], body["failure"]) == ("alice", "spark", 2, None)
    assert body["expires_at"] > body["created_at"]


def test_what_is_asked_for_beside_stands_in_the_spec(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    asked = {
        "master_flavor": "medium",
        "image": "node",
        "architecture": "x86_64",
        "key_pair": "mine",
        "hdfs": {"storage": "volumes", "volume_gb": 10},
        "scratch": {"size_gb": 5, "share_type": "nfs"},
        "spread": True,
        "settings": {"spark": {"spark.sql.shuffle.partitions": "8"}},
        "python_packages": ["scipy==1.14.1"],
    }
    assert post(api(alice), wish, **asked).status_code == 202
    cluster = Cluster.objects.get()
    spec = ClusterSpec.from_mapping(cluster.spec)
    assert spec.scratch is not None
    assert (spec.master_flavor, spec.image, spec.hdfs.volume_gb, spec.scratch.path) == (
        "medium", "node", 10, "/data/scratch",
    )  # fmt: skip
    assert (cluster.vcpus, cluster.memory_mb) == (2 + 1 + 1, 3072 + 1536 + 1536)
    assert render(spec).parameters["key_pair"] == "mine"


def test_a_scratch_folder_is_refused_where_the_cloud_has_no_storage(
    api: Callable[[User], Client], alice: User, wish: Wish
) -> None:
    ShareType.objects.all().delete()
    assert post(api(alice), wish).status_code == 202
    refused = post(api(alice), wish, scratch={"size_gb": 1})
    assert refused.status_code == 422
    assert problem(refused)["errors"] == {"scratch": "this cloud has no storage for folders; leave it out"}


def test_a_network_of_its_own_is_in_place_of_the_shared_one(
    api: Callable[[User], Client], alice: User, wish: Wish, settings: Any
) -> None:
    settings.PACKAGE_INDEX, settings.BOOT_TIMEOUT = "https://mirror.example/simple", 1800
    assert post(api(alice), wish, own_network={"external": "public", "cidr": "10.20.0.0/24"}).status_code == 202
    spec = Cluster.objects.get().spec
    assert (spec["network"], spec["own_network"]["external"]) == (None, "public")
    assert (spec["package_index"], spec["boot_timeout"]) == ("https://mirror.example/simple", 1800)


def test_faults_inside_a_field_are_named_by_their_paths(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    answer = post(api(alice), wish, workers=0, hdfs={"storage": "tape"}, flavor="huge", python_packages=["a", "-b"])
    assert set(problem(answer)["errors"]) == {"workers", "hdfs.storage", "flavor", "python_packages.1"}


@pytest.mark.parametrize("field", ["network", "portal_url", "owner", "software", "package_index", "bundle_version"])
def test_what_only_the_site_says_nobody_may_ask_for(
    api: Callable[[User], Client], alice: User, wish: Wish, field: str
) -> None:
    answer = post(api(alice), wish, **{field: "x"})
    assert answer.status_code == 422
    assert "unknown" in problem(answer)["errors"][field]


def test_an_image_with_another_bundle_is_refused_with_both_versions(
    api: Callable[[User], Client], alice: User, wish: Wish
) -> None:
    Image.objects.create(name="old", framework="spark", bundle_version="0-old", architecture="x86_64")
    assert problem(post(api(alice), wish, image="old"))["errors"] == {
        "image": "has the bundle 0-old, and this portal works with 1-abcdef012345"
    }
    Image.objects.exclude(name="old").delete()
    answer = post(api(alice), wish)
    assert answer.status_code == 503
    assert "no image for spark with bundle 1-abcdef012345" in problem(answer)["detail"]
    assert "of the bundle 0-old" in problem(answer)["detail"]


def test_the_limit_holds_and_says_so(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    for number in range(4):
        assert post(api(alice), wish, name=f"c{number}").status_code == 202
    answer = post(api(alice), wish, name="c4")
    assert answer.status_code == 409
    assert problem(answer)["type"].endswith("limit-reached")
    assert Cluster.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_ten_requests_in_the_same_second_get_what_the_limit_allows(alice: User, wish: Wish) -> None:
    outcomes: list[str] = []
    together = threading.Barrier(10)

    def ask(number: int) -> None:
        try:
            together.wait(10)
            services.create(alice, Wish(**{**wish.__dict__, "name": f"c{number}"}))
            outcomes.append("made")
        except LimitReached:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["made"] * 4 + ["refused"] * 6
    assert Cluster.objects.count() == 4


def test_delete_is_accepted_again_and_again_and_the_cluster_stays_readable(
    api: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    for _ in range(2):
        answer = api(alice).delete(f"/api/v1/clusters/{ready.pk}")
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["target"]) == ("deleting", "deleted")
    Cluster.objects.filter(pk=ready.pk).update(status=Status.DELETED)
    assert api(alice).delete(f"/api/v1/clusters/{ready.pk}").status_code == 202
    assert api(alice).get(f"/api/v1/clusters/{ready.pk}").json()["status"] == "deleted"


def test_a_deleted_clusters_name_is_free_again(alice: User, ready: Cluster, wish: Wish) -> None:
    Cluster.objects.filter(pk=ready.pk).update(status=Status.DELETED)
    assert services.create(alice, Wish(**{**wish.__dict__, "name": "ready"})).pk != ready.pk


def test_a_name_that_the_owner_has_given_in_the_course_is_taken(
    api: Callable[[User], Client], alice: User, ready: Cluster, wish: Wish
) -> None:
    answer = post(api(alice), wish, name=ready.name)
    assert answer.status_code == 409
    assert "already" in problem(answer)["detail"]
    assert Cluster.objects.count() == 1


def test_the_answer_says_what_a_later_look_says(
    api: Callable[[User], Client], alice: User, folder: Folder, wish: Wish
) -> None:
    made = post(api(alice), wish, folders=[{"folder": str(folder.pk), "access": "ro"}]).json()
    assert (len(made["folders"]), len(made["nodes"])) == (1, 3)
    assert api(alice).get(f"/api/v1/clusters/{made['id']}").json() == made
    assert api(alice).get("/api/v1/clusters").json()["results"] == [made]


def test_lists_come_in_pages(api: Callable[[User], Client], alice: User, wish: Wish, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.api.pagination.Newest.page_size", 2)
    for number in range(3):
        services.create(alice, Wish(**{**wish.__dict__, "name": f"c{number}"}))
    first = api(alice).get("/api/v1/clusters").json()
    second = api(alice).get(first["next"]).json()
    assert [row["name"] for row in first["results"] + second["results"]] == ["c2", "c1", "c0"]
    assert second["next"] is None


def test_a_page_is_as_large_as_it_is_asked_to_be(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    for number in range(3):
        services.create(alice, Wish(**{**wish.__dict__, "name": f"c{number}"}))
    first = api(alice).get("/api/v1/clusters?page_size=2").json()
    second = api(alice).get(first["next"]).json()
    assert [len(first["results"]), len(second["results"])] == [2, 1]


def test_an_answer_has_the_fields_that_are_described(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    assert tuple(post(api(alice), wish).json()) == ClusterSerializer.Meta.fields
