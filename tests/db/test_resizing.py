"""What people may ask of a ready cluster, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from heat_templates import limits
from portal.accounts.models import User
from portal.clusters.credentials import secret_parameters
from portal.clusters.models import Cluster, Node, Status
from tests.db.conftest import problem
from tests.db.resizing import Api, names, now, send, three
from tests.db.test_nodes import node, say

__all__ = ["three"]


def test_a_growth_adds_rows_above_the_highest_number(api: Api, ready: Cluster, alice: User) -> None:
    answer = send(api(alice), ready, "resize", {"workers": 4})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["progress"]["total"]) == ("updating", 16)
    assert names(ready, generation=2) == ["worker-03", "worker-04"]
    assert now(ready).generation == 2


def test_a_shrink_to_a_number_takes_the_emptiest(api: Api, three: Cluster, alice: User) -> None:
    assert send(api(alice), three, "resize", {"workers": 2}).status_code == 202
    assert names(three, leaving=True) == ["worker-02"]


def test_named_workers_leave(api: Api, three: Cluster, alice: User) -> None:
    assert send(api(alice), three, "resize", {"remove": ["worker-01"]}).status_code == 202
    assert names(three, leaving=True) == ["worker-01"]


@pytest.mark.parametrize("body", [{"workers": 4}, {"workers": 2}, {"remove": ["worker-03"]}])
def test_the_same_wish_again_is_no_second_change(api: Api, three: Cluster, alice: User, body: Any) -> None:
    for _ in range(3):
        assert send(api(alice), three, "resize", body).status_code == 202
    assert now(three).generation == 2
    other = send(api(alice), three, "resize", {"workers": 9})
    assert problem(other)["status"] == 409


def test_as_many_workers_as_there_are_is_no_change(api: Api, three: Cluster, alice: User) -> None:
    assert send(api(alice), three, "resize", {"workers": 3}).json()["status"] == "ready"
    assert now(three).generation == 1


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "either"),
        ({"workers": 2, "remove": ["worker-01"]}, 422, "either"),
        ({"workers": 0}, 422, "1"),
        ({"workers": 161}, 422, "160"),
        ({"workers": "many"}, 422, "integer"),
        ({"remove": []}, 422, "remove"),
        ({"remove": ["worker-09"]}, 422, "there is no worker worker-09"),
        ({"remove": ["master"]}, 422, "there is no worker master"),
        ({"workers": 1}, 409, "kept 2 times"),
        ({"remove": ["worker-01", "worker-02", "worker-03"]}, 409, "0 workers would be left"),
        ({"nodes": 3}, 422, "unknown"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    api: Api, three: Cluster, alice: User, body: Any, status: int, words: str
) -> None:
    answer = send(api(alice), three, "resize", body)
    assert answer.status_code == status
    assert words in str(problem(answer))
    assert now(three).status == Status.READY


@pytest.mark.parametrize("verb", ["resize", "repair"])
def test_only_the_owner_may_change_it(api: Api, three: Cluster, verb: str, ann: User, bob: User, charlie: User) -> None:
    for person, status in ((ann, 404), (charlie, 404), (bob, 403)):
        assert send(api(person), three, verb, {"workers": 4}).status_code == status
    assert send(api(None), three, verb, {"workers": 4}).status_code == 401
    assert now(three).status == Status.READY


def test_a_cluster_that_is_not_ready_is_not_changed(api: Api, creating: Cluster, alice: User) -> None:
    for verb, body in (("resize", {"workers": 4}), ("repair", {"nodes": ["worker-01"]})):
        assert "not ready" in problem(send(api(alice), creating, verb, body))["detail"]


def test_a_repair_takes_what_is_in_trouble_and_its_boot_counts_anew(api: Api, ready: Cluster, alice: User) -> None:
    assert "No worker" in problem(send(api(alice), ready, "repair", {}))["detail"]
    say(node(ready), "health", {"troubles": {"worker-02": "gone"}})
    answer = send(api(alice), ready, "repair", {})
    assert answer.status_code == 202
    assert answer.json()["progress"] == {"done": 0, "total": 8, "phase": "Waiting for the machines"}
    assert names(ready, unhealthy=True) == ["worker-02"]
    send(api(alice), ready, "repair", {})
    assert now(ready).generation == 2
    say(node(ready, "worker-02"), "events", {"step": "hosts", "state": "done", "seconds": 1})
    # One that is switched on again meanwhile.
    say(node(ready, "worker-01"), "events", {"step": "hosts", "state": "done", "seconds": 1})
    assert api(alice).get(f"/api/v1/clusters/{ready.pk}").json()["progress"]["done"] == 1


def test_a_master_cannot_be_made_anew(api: Api, ready: Cluster, alice: User) -> None:
    assert "names of all files" in problem(send(api(alice), ready, "repair", {"nodes": ["master"]}))["detail"]


def test_what_keeps_a_node_is_shown_until_it_may_go(
    api: Api, three: Cluster, alice: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    send(api(alice), three, "resize", {"remove": ["worker-02"]})
    asked: list[Any] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda *given, **_: asked.append(given))
    for word, passes in (("12 blocks", 0), ("", 1), ("", 1)):
        with django_capture_on_commit_callbacks(execute=True):
            say(node(three), "health", {"troubles": {}, "leaving": {"worker-02": word, "worker-01": ""}})
        shown = {one["name"]: one for one in api(alice).get(f"/api/v1/clusters/{three.pk}").json()["nodes"]}
        assert (shown["worker-02"]["state"], shown["worker-02"]["kept_by"]) == ("leaving", word)
        assert len(asked) == passes
    assert Node.objects.get(cluster=three, name="worker-01").kept_by is None


@pytest.mark.parametrize(
    ("lost", "body", "words"),
    [
        ([3], {"nodes": ["worker-01"]}, "Nothing is wrong with worker-01"),
        ([2, 3], {"nodes": ["worker-02", "worker-03"]}, "kept 2 times, and 2 of the workers"),
        ([1, 2, 3], {}, "All 3 workers are in trouble"),
    ],
)
def test_a_repair_that_may_lose_data_is_refused(
    api: Api, three: Cluster, alice: User, lost: list[int], body: Any, words: str
) -> None:
    say(node(three), "health", {"troubles": {f"worker-0{number}": "gone" for number in lost}})
    answer = problem(send(api(alice), three, "repair", body))
    assert answer["status"] == 409
    assert words in answer["detail"]
    assert now(three).status == Status.READY


def test_of_two_lost_workers_the_second_is_made_anew_after_the_first(api: Api, three: Cluster, alice: User) -> None:
    say(node(three), "health", {"troubles": {"worker-02": "gone", "worker-03": "gone"}})
    assert send(api(alice), three, "repair", {}).status_code == 202
    assert names(three, unhealthy=True) == ["worker-02"]


def test_a_change_after_the_portals_key_was_changed_goes_by_the_clusters_own(
    api: Api, three: Cluster, alice: User, settings: Any
) -> None:
    before = secret_parameters(three)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key of more than 32 characters"
    assert secret_parameters(now(three)) == before
    settings.SECRET_KEY_FALLBACKS = []
    answer = problem(send(api(alice), three, "resize", {"workers": 4}))
    assert answer["status"] == 409
    assert "SLIPWAY_SECRET_KEY_FALLBACKS" in answer["detail"]


def test_a_growth_that_is_too_large_for_heat_is_refused_at_once(
    api: Api, three: Cluster, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RESOURCES", 20)
    answer = problem(send(api(alice), three, "resize", {"workers": 20}))
    assert answer["status"] == 422
    assert "more than Heat's 20" in answer["errors"]["workers"]
    assert (now(three).status, len(names(three))) == (Status.READY, 4)


@pytest.mark.parametrize("status", [Status.FAILED, Status.DELETED, Status.CREATING])
def test_the_present_number_is_no_wish_of_a_cluster_that_does_not_work(
    api: Api, three: Cluster, alice: User, status: Status
) -> None:
    Cluster.objects.update(status=status)
    assert "not ready" in problem(send(api(alice), three, "resize", {"workers": 3}))["detail"]


def test_jobs_may_be_sent_meanwhile(api: Api, three: Cluster, alice: User) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    send(api(alice), three, "resize", {"workers": 4})
    sent = {"application": SimpleUploadedFile("a.py", b"print(1)"), "arguments": "[]"}
    assert api(alice).post(f"/api/v1/clusters/{three.pk}/jobs", sent).status_code == 202
