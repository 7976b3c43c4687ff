"""What people may ask of a ready cluster, who may, and what comes of each step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Meter
from heat_templates import limits
from portal.accounts.models import User
from portal.cloud import stacks
from portal.cloud.models import Flavor
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.cloud.stacks import Stack
from portal.clusters import changing, metering, reconciler
from portal.clusters.credentials import node_credential, node_of_credential, secret_parameters
from portal.clusters.models import Cluster, Node, Status
from portal.courses.models import Course
from portal.folders.models import Folder, Mount
from tests.db.conftest import problem
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


def test_a_growth_comes_to_its_end(api: Api, three: Cluster, alice: User, course: Course, heat: Heat) -> None:
    send(api(alice), three, "resize", {"workers": 4})
    look(course, 3)
    assert len(heat.templates) == 1
    assert "worker-04:" in heat.templates[0]
    assert names(three, address=None) == ["worker-04"]
    heat.hosts["worker-04"] = "127.88.3.14"
    look(course)
    assert names(three, address=None) == []
    heat.now("UPDATE", "COMPLETE")
    look(course)
    assert now(three).status == Status.UPDATING  # the agents have not heard of it
    agree(three)
    look(course)
    done = now(three)
    assert (done.status, done.workers, done.vcpus, done.memory_mb) == (Status.READY, 4, 5, 7680)
    assert done.change_failure is None


def test_a_growth_that_fails_takes_back_what_it_added(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    heat.now("UPDATE", "FAILED", "ResourceInError: resources.worker-04: no host has room")
    look(course, 2)
    assert len(heat.templates) == 2
    assert "worker-04:" not in heat.templates[1]
    heat.now("UPDATE", "COMPLETE")
    look(course)
    agree(three)
    look(course)
    done = now(three)
    assert (done.status, done.workers, done.vcpus) == (Status.READY, 3, 4)
    assert "no host has room" in done.change_failure["why"]
    shown = api(alice).get(f"/api/v1/clusters/{three.pk}").json()
    assert shown["change_failure"]["what"] == "The cloud could not make worker-04."


def test_a_shrink_waits_for_the_masters_word_and_then_the_node_is_gone(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    send(api(alice), three, "resize", {"remove": ["worker-02"]})
    look(course, 2)
    assert heat.templates == []
    say(node(three), "health", {"troubles": {}, "leaving": {"worker-02": ""}})
    look(course)
    assert "worker-02:" not in heat.templates[0]
    heat.now("UPDATE", "COMPLETE")
    look(course)
    agree(three)
    look(course)
    done = now(three)
    assert (done.status, done.spec["workers"], done.vcpus) == (Status.READY, [1, 3], 3)
    assert node(three, "worker-02").get("/node/v1/hosts?known=&wait=0").status_code == 401


def test_a_lost_worker_is_marked_and_made_anew(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    say(node(three), "health", {"troubles": {"worker-03": "gone"}})
    send(api(alice), three, "repair", {"nodes": ["worker-03"]})
    heat.touched = {"worker-03", "worker-03-handle", "worker-03-ready"}
    look(course)
    assert sorted(heat.marked) == ["worker-03", "worker-03-handle", "worker-03-ready"]
    heat.now("UPDATE", "COMPLETE")
    agree(three)
    look(course)
    assert (now(three).status, names(three, unhealthy=True)) == (Status.READY, [])


def repairing(api: Api, three: Cluster, alice: User) -> None:
    say(node(three), "health", {"troubles": {"worker-03": "gone"}})
    assert send(api(alice), three, "repair", {}).status_code == 202


def test_a_repair_that_is_refused_leaves_no_mark_and_its_trouble_is_shown_again(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    repairing(api, three, alice)
    heat.refusal = CloudRefused("quota exceeded")
    look(course)
    assert (now(three).status, heat.marked, names(three, unhealthy=True)) == (Status.READY, [], [])
    say(node(three), "health", {"troubles": {"worker-03": "gone"}})
    assert names(three, trouble="gone") == ["worker-03"]


def test_after_a_repair_that_failed_a_growth_replaces_nothing(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    repairing(api, three, alice)
    look(course)
    heat.now("UPDATE", "FAILED", "ResourceInError: resources.worker-03: no host has room")
    look(course)
    done = now(three)
    assert (done.status, heat.marked, names(three, unhealthy=True)) == (Status.READY, [], [])
    assert "no host has room" in done.change_failure["why"]
    send(api(alice), three, "resize", {"workers": 4})
    heat.touched = {"worker-03"}
    look(course)
    assert (len(heat.templates), heat.marked) == (1, [])
    assert "worker-03" in now(three).change_failure["why"]


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


@pytest.mark.parametrize("body", [{"workers": 4}, {"remove": ["worker-02"]}])
@pytest.mark.parametrize("touched", [{"master"}, {"worker-01-port"}])
def test_an_update_that_would_cost_more_than_it_should_is_not_made(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat, body: Any, touched: set[str]
) -> None:
    heat.touched = touched
    send(api(alice), three, "resize", body)
    Node.objects.filter(leaving=True).update(kept_by="")
    look(course)
    done = now(three)
    assert heat.templates == []
    assert (done.status, done.workers, done.vcpus) == (Status.READY, 3, 4)
    assert names(three, leaving=False) == ["master", "worker-01", "worker-02", "worker-03"]
    assert next(iter(touched)) in done.change_failure["why"]


def test_no_update_is_asked_for_while_heat_is_busy_with_the_stack(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    heat.touched = None
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    waiting = now(three)
    assert (heat.templates, waiting.status) == ([], Status.UPDATING)
    assert "still busy" in waiting.waiting_for
    heat.touched = set()
    look(course)
    assert len(heat.templates) == 1
    assert (now(three).waiting_for, now(three).busy_since) == ("", None)


def test_a_heat_that_stays_busy_is_waited_for_no_longer_than_the_bound(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    heat.touched = None
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    Cluster.objects.update(busy_since=timezone.now() - timedelta(minutes=11))
    look(course)
    done = now(three)
    assert (done.status, done.workers, done.waiting_for, done.busy_since) == (Status.READY, 3, "", None)
    assert "busy" in done.change_failure["why"]


def test_a_change_goes_by_another_generation_than_one_that_was_given_up(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    """What Heat was asked for then may have begun after all."""
    heat.refusal = CloudRefused("quota exceeded")
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    heat.now("UPDATE", "COMPLETE", generation=2)
    heat.refusal, heat.touched = None, {"worker-04", "worker-04-port"}
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    assert (names(three, generation=3), len(heat.templates)) == (["worker-05"], 1)
    assert "worker-04:" not in heat.templates[0]


def test_what_a_growth_added_is_no_member_where_the_cloud_refuses_to_take_it_back(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    heat.now("UPDATE", "FAILED", "ResourceInError: resources.worker-04: no host has room")
    heat.refusal = CloudRefused("not now")
    look(course, 2)
    done = now(three)
    assert (done.status, done.workers, done.vcpus) == (Status.READY, 3, 4)
    assert names(three, leaving=True) == ["worker-04"]
    heat.refusal = None
    assert send(api(alice), three, "resize", {"workers": 3}).json()["status"] == "updating"
    look(course)
    assert "worker-04:" not in heat.templates[-1]


def test_a_growth_is_billed_as_the_flavor_was_when_the_cluster_was_made(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    Flavor.objects.filter(name="small").delete()
    send(api(alice), three, "resize", {"workers": 5})
    look(course)
    heat.hosts |= {"worker-04": "127.88.3.14", "worker-05": "127.88.3.15"}
    heat.now("UPDATE", "COMPLETE")
    look(course)
    agree(three)
    look(course)
    assert (now(three).status, now(three).vcpus, now(three).memory_mb) == (Status.READY, 6, 9216)


def test_a_removed_workers_number_is_never_anothers(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    credential = node_credential(three, "worker-03")
    send(api(alice), three, "resize", {"remove": ["worker-03"]})
    say(node(three), "health", {"troubles": {}, "leaving": {"worker-03": ""}})
    look(course)
    heat.now("UPDATE", "COMPLETE")
    look(course)
    agree(three)
    look(course)
    assert send(api(alice), three, "resize", {"workers": 3}).status_code == 202
    assert names(three, generation=3) == ["worker-04"]
    assert node_of_credential(credential) is None


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


def test_a_key_that_goes_in_a_change_ends_it_with_the_reason(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    send(api(alice), three, "resize", {"workers": 4})
    Cluster.objects.update(key_digest="of another key")
    look(course)
    assert (now(three).status, heat.templates) == (Status.READY, [])
    assert "SLIPWAY_SECRET_KEY_FALLBACKS" in now(three).change_failure["why"]


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


def test_a_failed_node_of_a_growth_is_not_waited_for_until_heat_gives_up(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    say(node(three, "worker-04"), "events", {"step": "prove", "state": "failed", "seconds": 1, "message": "no"})
    look(course)
    assert names(three, leaving=True) == []  # the node's word alone decides nothing
    heat.failed = ["WaitConditionFailure: resources.worker-04-ready: prove: no"]
    look(course)
    assert names(three, leaving=True) == ["worker-04"]
    assert "no" in now(three).change_failure["why"]


@pytest.mark.parametrize(("minutes", "leaving"), [(1, []), (40, ["worker-02"])])
def test_a_node_has_its_time_to_leave_though_the_portal_was_down(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat, minutes: int, leaving: list[str]
) -> None:
    send(api(alice), three, "resize", {"remove": ["worker-02"]})
    Cluster.objects.update(hosts_changed_at=timezone.now() - timedelta(minutes=40))
    Course.objects.update(reconciled_at=timezone.now() - timedelta(minutes=minutes))
    look(course)
    assert names(three, leaving=True) == leaving


@pytest.mark.parametrize("body", [{"workers": 4}, {"remove": ["worker-02"]}])
def test_folders_hear_at_once_of_a_change_that_was_given_up(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat, folder: Folder, body: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    Mount.objects.create(cluster=three, folder=folder, path="/data/x")
    woken: list[Course] = []
    send(api(alice), three, "resize", body)
    Node.objects.filter(leaving=True).update(kept_by="")
    heat.refusal = CloudRefused("quota exceeded")
    monkeypatch.setattr(changing.folders, "wake", woken.append)
    look(course)
    assert now(three).status == Status.READY
    assert woken == [course]


def test_a_change_that_the_cloud_refuses_leaves_all_as_it_was_with_the_reason(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    heat.refusal = CloudRefused("quota exceeded")
    send(api(alice), three, "resize", {"workers": 5})
    look(course)
    done = now(three)
    assert (done.status, done.workers, len(names(three))) == (Status.READY, 3, 4)
    assert "quota exceeded" in done.change_failure["why"]


def test_a_cloud_that_is_away_is_waited_for(api: Api, three: Cluster, alice: User, course: Course, heat: Heat) -> None:
    heat.refusal = CloudUnavailable("away")
    send(api(alice), three, "resize", {"workers": 5})
    look(course)
    assert "does not answer" in now(three).waiting_for
    heat.refusal = None
    look(course)
    assert len(heat.templates) == 1


def test_a_cluster_that_is_deleted_in_a_change_is_deleted(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    deleted: list[str] = []
    monkeypatch.setattr(stacks, "delete", lambda _, stack_id: deleted.append(stack_id))
    api(alice).delete(f"/api/v1/clusters/{three.pk}")
    look(course)
    assert deleted == ["s"]


def test_jobs_may_be_sent_meanwhile(api: Api, three: Cluster, alice: User) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    send(api(alice), three, "resize", {"workers": 4})
    sent = {"application": SimpleUploadedFile("a.py", b"print(1)"), "arguments": "[]"}
    assert api(alice).post(f"/api/v1/clusters/{three.pk}/jobs", sent).status_code == 202


def test_a_node_that_joins_counts_from_then_and_one_that_left_no_more(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    metering.meter()
    send(api(alice), three, "resize", {"workers": 4})
    look(course)
    heat.hosts["worker-04"] = "127.88.3.14"
    look(course)
    assert not Meter.objects.filter(resource=f"{three.pk}/worker-04").exists()
    heat.now("UPDATE", "COMPLETE")
    agree(three)
    look(course)
    joined = Meter.objects.get(resource=f"{three.pk}/worker-04")
    assert joined.began_at > Meter.objects.get(resource=f"{three.pk}/worker-01").began_at == three.ready_at
    assert not Meter.objects.exclude(ended_at=None).exists()


def test_the_page_changes_a_cluster_and_shows_what_is_refused(
    browser: Callable[[User], Client], three: Cluster, alice: User
) -> None:
    page, address = browser(alice), f"/clusters/{three.pk}"
    for form, words in (
        ({"workers": "1"}, "kept 2 times"),
        ({"workers": "x"}, "1 is the least"),
        ({}, "1 is the least"),
    ):
        assert words in page.post(f"{address}/resize", form, follow=True).content.decode()
    assert "No worker" in page.post(f"{address}/repair", follow=True).content.decode()
    assert now(three).status == Status.READY
    shown = page.post(f"{address}/resize", {"remove": "worker-02"}, follow=True).content.decode()
    assert names(three, leaving=True) == ["worker-02"]
    assert "Moving data off the machines that leave" in shown
    say(node(three), "health", {"troubles": {}, "leaving": {"worker-02": "12 blocks"}})
    assert "12 blocks" in page.get(address).content.decode()


def test_the_page_offers_to_replace_a_lost_worker_and_tells_of_a_change_that_failed(
    browser: Callable[[User], Client], three: Cluster, alice: User
) -> None:
    page, address = browser(alice), f"/clusters/{three.pk}"
    assert "data-lost" not in page.get(address).content.decode()
    say(node(three), "health", {"troubles": {"worker-03": "gone"}})
    failure = {"what": "The cloud refused the change.", "why": "quota exceeded", "next": "Try it again."}
    Cluster.objects.update(change_failure=failure)
    shown = page.get(address).content.decode()
    assert "data-lost" in shown
    assert all(words in shown for words in failure.values())
    page.post(f"{address}/repair")
    assert names(three, unhealthy=True) == ["worker-03"]
