"""Passes of the reconciler with a cloud that is down, really: nobody listens at its address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.cloud import sessions
from portal.cloud.connection import Connection
from portal.cloud.stacks import Stack
from portal.clusters import services
from portal.clusters.life import reconciler, schedule
from portal.clusters.life.reconciler import reconcile
from portal.clusters.models import Cluster, Status
from portal.courses.models import Course
from portal.locks import key_of, try_lock, try_slot
from tests.proxy import Trouble, always, proxy
from tests.recorded_cloud import recorded_cloud


def test_a_cluster_waits_for_a_cloud_that_is_down_and_says_so(
    creating: Cluster, course: Course, api: Callable[[User], Client], alice: User
) -> None:
    reconcile(course)
    body = api(alice).get(f"/api/v1/clusters/{creating.pk}").json()
    assert body["status"] == "creating"
    assert "does not answer" in body["waiting_for"]


def test_a_cloud_that_keeps_a_pass_waiting_is_asked_no_more_often_than_it_takes(
    creating: Cluster, course: Course, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "TIMEOUT", 0.4)
    with recorded_cloud({}) as behind, proxy({"cloud": behind.address}) as cloud:
        settings.CLOUD = Connection(f"{cloud.addresses['cloud']}/v3", "slipway", "secret", {})
        cloud.set(always(Trouble(forwarded=False, status=200, delay=0.8)))
        course.project_id = behind.project
        reconcile(course)
    course.refresh_from_db()
    assert course.reconciled_at is not None
    assert 0.2 < (course.reconciled_at - timezone.now()).total_seconds() < 2
    creating.refresh_from_db()
    assert "does not answer" in creating.waiting_for


def test_a_pass_keeps_out_of_another_ones_way(creating: Cluster, course: Course) -> None:
    other = connections.create_connection("default")
    with other.cursor() as cursor:  # another process that is in the middle of its pass
        key = key_of(f"project {course.project_id}")
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        reconcile(course)
        creating.refresh_from_db()
        assert creating.waiting_for == ""
        cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    other.close()
    reconcile(course)
    creating.refresh_from_db()
    assert creating.waiting_for


def test_it_waits_no_longer_than_the_cloud_is_away(creating: Cluster) -> None:
    Cluster.objects.filter(pk=creating.pk).update(waiting_for=reconciler.NO_ANSWER, stack_id="s")
    creating.refresh_from_db()
    reconciler._advance(creating, Stack("s", creating.stack_name, "CREATE", "IN_PROGRESS", ""))
    creating.refresh_from_db()
    assert creating.waiting_for == ""


def test_a_cluster_that_failed_has_ended_then_and_not_when_it_is_cleared_away(ready: Cluster) -> None:
    reconciler._advance(ready, None)
    ready.refresh_from_db()
    assert ready.status == Status.FAILED
    failed_at = ready.ended_at
    Cluster.objects.filter(pk=ready.pk).update(expires_at=timezone.now())
    ready.refresh_from_db()
    reconciler._advance(ready, None)
    ready.refresh_from_db()
    assert (ready.target, ready.ended_at) == (Status.DELETED, failed_at)


def test_one_clusters_trouble_does_not_keep_its_neighbours_from_their_end(ready: Cluster, creating: Cluster) -> None:
    Cluster.objects.filter(pk=creating.pk).update(spec={**creating.spec, "framework": "retired"})
    Cluster.objects.filter(pk=ready.pk).update(expires_at=timezone.now())
    reconciler._advance_all(list(Cluster.objects.order_by("-created_at")), {})
    ready.refresh_from_db()
    assert ready.target == Status.DELETED


def test_what_a_person_changed_meanwhile_is_not_overwritten(ready: Cluster) -> None:
    seen = Cluster.objects.get(pk=ready.pk)
    services.end(ready, "of the test")
    reconciler._advance(seen, None)
    ready.refresh_from_db()
    assert ready.status == Status.DELETING


def test_a_course_is_looked_at_a_while_after_its_last_cluster_ended(ready: Cluster) -> None:
    Cluster.objects.update(status=Status.DELETED, target=Status.DELETED, ended_at=timezone.now())
    Course.objects.update(reconciled_at=timezone.now() - timedelta(seconds=31))
    assert due() == ["demo"]


def test_a_lock_is_free_after_its_holder() -> None:
    with try_lock("x") as first:
        assert first
    with try_lock("x") as second:
        assert second


def test_as_many_have_a_slot_as_there_are() -> None:
    other = connections.create_connection("default")
    with other.cursor() as cursor:  # another process has the first one
        cursor.execute("SELECT pg_advisory_lock(%s)", [key_of("x 0")])
        with try_slot("x", 2) as second:
            assert second
        with try_slot("x", 1) as none:
            assert not none
    other.close()


def due() -> list[str]:
    return [course.name for course in schedule.due_courses()]


def test_only_courses_with_clusters_are_looked_at(course: Course) -> None:
    assert due() == []


def test_what_moves_is_looked_at_every_second(creating: Cluster, course: Course) -> None:
    assert due() == ["demo"]
    Course.objects.update(reconciled_at=timezone.now())
    assert due() == []
    Course.objects.update(reconciled_at=timezone.now() - timedelta(seconds=1))
    assert due() == ["demo"]


def test_what_rests_is_looked_at_every_half_minute(ready: Cluster) -> None:
    Course.objects.update(reconciled_at=timezone.now() - timedelta(seconds=29))
    assert due() == []
    Course.objects.update(reconciled_at=timezone.now() - timedelta(seconds=31))
    assert due() == ["demo"]


def test_what_has_expired_moves(ready: Cluster) -> None:
    Course.objects.update(reconciled_at=timezone.now() - timedelta(seconds=1))
    Cluster.objects.update(expires_at=timezone.now())
    assert due() == ["demo"]


def test_what_is_gone_is_not_looked_at(ready: Cluster) -> None:
    Cluster.objects.update(status=Status.DELETED, target=Status.DELETED)
    assert due() == []
