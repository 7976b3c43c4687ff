"""What is taken from a course's limits: from rows, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.test import Client

from portal import locks
from portal.accounts.models import User
from portal.clusters import resizing, services, usage
from portal.clusters.models import Cluster, Node, Status
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from portal.refusals import Busy
from tests.db.conftest import problem
from tests.db.test_create import post


@contextmanager
def held_elsewhere(course: Course) -> Iterator[None]:
    """Another connection has the course's lock meanwhile."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with locks.allocating(course):
                taken.set()
                done.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join(30)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "LONGEST_WAIT", "50ms")


@pytest.mark.django_db(transaction=True)
def test_who_does_not_get_the_lock_is_told_to_come_again(
    api: Callable[[User], Client], alice: User, course: Course, wish: Wish, impatient: None
) -> None:
    client = api(alice)
    with held_elsewhere(course):
        answer = post(client, wish)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert problem(answer)["type"].endswith("busy")
    assert not Cluster.objects.exists()
    assert post(client, wish).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_a_page_says_so_too(
    browser: Callable[[User], Client], alice: User, course: Course, wish: Wish, impatient: None
) -> None:
    client = browser(alice)
    form = {"name": "a", "course": str(course.pk), "framework": "spark", "workers": 2, "flavor": "small", "hours": 4}
    with held_elsewhere(course):
        answer = client.post("/clusters/create", form)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "a few seconds" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_not_to_be_had_is_waited_for_no_longer(
    course: Course, creating: Cluster, impatient: None
) -> None:
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Cluster.objects.select_for_update().get(pk=creating.pk)
                taken.set()
                done.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(10)
    with pytest.raises(Busy), locks.allocating(course):
        Cluster.objects.select_for_update().get(pk=creating.pk)
    done.set()
    thread.join(30)


@pytest.mark.django_db(transaction=True)
def test_courses_do_not_wait_for_each_other(course: Course, impatient: None) -> None:
    with held_elsewhere(course), locks.allocating(Course.objects.exclude(pk=course.pk).get()):
        pass


def test_what_is_used_is_summed_from_the_nodes(course: Course, alice: User, ann: User, wish: Wish) -> None:
    services.create(alice, wish)
    services.create(ann, Wish(**{**wish.__dict__, "workers": 1, "more": {"master_flavor": "medium"}}))
    assert usage.used(course, alice) == usage.Amounts(clusters=1, nodes=3, vcpus=3, memory_gb=4.5, hdfs_gb=8)
    assert usage.used(course, ann) == usage.Amounts(clusters=1, nodes=2, vcpus=3, memory_gb=4.5, hdfs_gb=4)
    assert usage.used(course) == usage.Amounts(clusters=2, nodes=5, vcpus=6, memory_gb=9, hdfs_gb=12)


def test_volumes_count_as_large_as_they_are(course: Course, alice: User, wish: Wish) -> None:
    hdfs = {"storage": "volumes", "volume_gb": 10, "volumes_each": 3}
    services.create(alice, Wish(**{**wish.__dict__, "more": {"hdfs": hdfs}}))
    assert usage.used(course).hdfs_gb == 2 * 3 * 10


def test_what_failed_counts_until_it_is_deleted(course: Course, creating: Cluster) -> None:
    Cluster.objects.update(status=Status.FAILED)
    assert usage.used(course).clusters == 1
    Cluster.objects.update(status=Status.DELETED)
    assert usage.used(course) == usage.Amounts(0, 0, 0, 0, 0)


def test_a_growth_counts_from_when_it_is_wished(course: Course, ready: Cluster, alice: User) -> None:
    resizing.resize(alice, ready, workers=4)
    assert usage.used(course).nodes == Node.objects.count() == 5
