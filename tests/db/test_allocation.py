"""What is taken from a course's limits: from rows, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client

from billing import credit, ledger
from billing.models import Hold, Rate
from portal import locks
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.accounting import allocation, usage
from portal.clusters.life import resizing
from portal.clusters.models import Cluster, Node, Status
from portal.clusters.wishes import Wish
from portal.courses.limits import TITLES
from portal.courses.models import Course
from portal.refusals import Busy, LimitReached
from tests.db.conftest import make_ready, problem
from tests.db.test_course_limits import limit
from tests.db.test_create import post

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
CENT = Decimal("0.01")


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
    services.create(ann, replace(wish, workers=1, more={"master_flavor": "medium"}))
    of_alice = {"clusters": 1, "nodes": 3, "vcpus": 3, "memory_gb": Decimal("4.5"), "hdfs_gb": 8}
    of_ann = {"clusters": 1, "nodes": 2, "vcpus": 3, "memory_gb": Decimal("4.5"), "hdfs_gb": 4}
    everything = {"clusters": 2, "nodes": 5, "vcpus": 6, "memory_gb": Decimal(9), "hdfs_gb": 12}
    assert usage.used(course, alice) == (everything, of_alice)
    assert usage.used(course, ann) == (everything, of_ann)


def test_volumes_count_as_large_as_they_are(course: Course, alice: User, wish: Wish) -> None:
    hdfs = {"storage": "volumes", "volume_gb": 10, "volumes_each": 3}
    services.create(alice, replace(wish, more={"hdfs": hdfs}))
    assert usage.used(course, alice)[1]["hdfs_gb"] == 2 * 3 * 10


def test_what_failed_counts_until_it_is_deleted(course: Course, alice: User, creating: Cluster) -> None:
    Cluster.objects.update(status=Status.FAILED)
    assert usage.used(course, alice)[1]["clusters"] == 1
    Cluster.objects.update(status=Status.DELETED)
    assert set(usage.used(course, alice)[1].values()) == {0}


def test_a_growth_counts_from_when_it_is_wished(course: Course, ready: Cluster, alice: User) -> None:
    resizing.resize(alice, ready, workers=4)
    assert usage.used(course, alice)[1]["nodes"] == Node.objects.count() == 5


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [("nodes", 6, 5), ("vcpus", 4, 3), ("memory_gb", 5, 2), ("hdfs_gb", 12, 3)],
)
@pytest.mark.parametrize("scope", ["student", "course"])
def test_each_limit_refuses_with_its_figures_and_says_what_would_fit(
    course: Course, alice: User, wish: Wish, scope: str, name: str, value: int, fits: int
) -> None:
    limit(course, name, value, scope)
    with pytest.raises(LimitReached) as refused:
        services.create(alice, replace(wish, workers=8))
    assert f"{value} {TITLES[name]} is the limit" in refused.value.detail
    assert f"It would fit with {fits} workers." in refused.value.next
    services.create(alice, replace(wish, workers=fits))
    with pytest.raises(LimitReached):
        services.create(alice, replace(wish, name="another", workers=1))


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [("nodes", 5, 4), ("vcpus", 6, 5), ("memory_gb", 5, None), ("hdfs_gb", 12, 3)],
)
def test_a_growth_is_refused_beyond_a_limit_and_says_what_would_fit(
    course: Course, alice: User, ready: Cluster, name: str, value: int, fits: int | None
) -> None:
    """Of a cluster of two workers, and its master."""
    limit(course, name, value)
    with pytest.raises(LimitReached, match=f"{value} {TITLES[name]} is the limit") as refused:
        resizing.resize(alice, ready, workers=9)
    assert Node.objects.count() == 3
    assert refused.value.next == (f"It would fit with {fits} workers." if fits else allocation.LESS)
    if fits:
        resizing.resize(alice, ready, workers=fits)


@pytest.fixture
def priced(course: Course) -> Course:
    """A small node costs a credit an hour, and the course has 20."""
    Rate.objects.create(kind="node", name="small", price=1, valid_from=EPOCH)
    ledger.grant("dora", Decimal(20), course=course.name)
    return course


def test_a_cluster_holds_its_price_until_its_end(priced: Course, alice: User, wish: Wish) -> None:
    made = services.create(alice, wish)
    assert Hold.objects.get(resource=made.pk).amount.quantize(CENT) == 12
    assert credit.standing(priced.name).remaining.quantize(CENT) == 8


def test_credits_that_do_not_suffice_refuse_and_say_what_would_fit(priced: Course, alice: User, wish: Wish) -> None:
    services.create(alice, wish)
    with pytest.raises(LimitReached) as refused:
        services.create(alice, replace(wish, name="another"))
    assert "20 credits is the limit that the course was given" in refused.value.detail
    assert refused.value.next == "It would fit with 1 worker or for 2 hours."
    assert Hold.objects.count() == 1
    services.create(alice, replace(wish, name="another", workers=1))


def test_a_students_own_limit_of_credits_counts_what_is_held(
    priced: Course, alice: User, ann: User, wish: Wish
) -> None:
    limit(priced, "credits", 7)
    services.create(alice, replace(wish, hours=2))
    with pytest.raises(LimitReached, match="7 credits is the limit for one person"):
        services.create(alice, replace(wish, name="another", hours=1))
    services.create(ann, replace(wish, hours=2))


def test_a_growth_that_cannot_be_paid_says_what_could(priced: Course, alice: User, wish: Wish) -> None:
    made = make_ready(services.create(alice, replace(wish, hours=5)))
    with pytest.raises(LimitReached, match="20 credits is the limit that the course was given") as refused:
        resizing.resize(alice, made, workers=9)
    assert refused.value.next == "It would fit with 3 workers."
    resizing.resize(alice, made, workers=3)
    assert credit.standing(priced.name).remaining.quantize(CENT) == 0


def test_a_growth_holds_more(priced: Course, alice: User, wish: Wish) -> None:
    made = make_ready(services.create(alice, wish))
    resizing.resize(alice, made, workers=4)
    assert Hold.objects.get(resource=made.pk).amount.quantize(CENT) == 20
    with pytest.raises(LimitReached):
        services.create(alice, replace(wish, name="another", hours=1))
