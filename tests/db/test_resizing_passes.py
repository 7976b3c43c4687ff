"""What comes of each step of a change, pass by pass."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Meter
from portal.accounts.models import User
from portal.cloud import stacks
from portal.cloud.models import Flavor
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.clusters.accounting import metering
from portal.clusters.credentials import node_credential, node_of_credential
from portal.clusters.life import changing
from portal.clusters.models import Cluster, Node, Status
from portal.courses.models import Course
from portal.folders.models import Folder, Mount
from tests.db.resizing import Api, Heat, agree, complete, heat, leave, look, names, now, repairing, send, three
from tests.db.test_nodes import node, say

__all__ = ["heat", "three"]


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
    complete(three, course, heat)
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
    leave(three, course, heat, "worker-02")
    assert "worker-02:" not in heat.templates[0]
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
    complete(three, course, heat)
    assert (now(three).status, now(three).vcpus, now(three).memory_mb) == (Status.READY, 6, 9216)


def test_a_removed_workers_number_is_never_anothers(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    credential = node_credential(three, "worker-03")
    send(api(alice), three, "resize", {"remove": ["worker-03"]})
    leave(three, course, heat, "worker-03")
    assert send(api(alice), three, "resize", {"workers": 3}).status_code == 202
    assert names(three, generation=3) == ["worker-04"]
    assert node_of_credential(credential) is None


def test_a_key_that_goes_in_a_change_ends_it_with_the_reason(
    api: Api, three: Cluster, alice: User, course: Course, heat: Heat
) -> None:
    send(api(alice), three, "resize", {"workers": 4})
    Cluster.objects.update(key_digest="of another key")
    look(course)
    assert (now(three).status, heat.templates) == (Status.READY, [])
    assert "SLIPWAY_SECRET_KEY_FALLBACKS" in now(three).change_failure["why"]


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
