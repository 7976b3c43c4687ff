"""Where the university's own billing decides: it is asked before a cluster is lent, and told what became of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone

from billing import outbox, outside
from billing.models import Hold, Notice
from launcher.paths import TOP
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.life import changing, lifetime, reconciler, resizing
from portal.clusters.models import Cluster, Node, Status
from portal.clusters.tasks import tell_billing
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from portal.failure import Failure
from portal.locks import key_of
from portal.refusals import Conflict
from tests.billing_server import TOKEN, Call, University, no, nothing, says, university, yes
from tests.db.conftest import body_of, make_ready, problem
from tests.db.test_allocation import priced
from tests.db.test_course_limits import limit

__all__ = ["priced"]

Api = Callable[[User | None], Client]
JSON = "application/json"


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[University]:
    """Who has much else to do is not silent: it is given time."""
    monkeypatch.setattr(outside, "LONGEST", 30)
    with university() as billing:
        settings.BILLING = billing.service
        yield billing


@pytest.fixture
def impatient(there: University, monkeypatch: pytest.MonkeyPatch) -> None:
    outside._trusted()  # which reads many files at its first use
    monkeypatch.setattr(outside, "LONGEST", 1)


@pytest.fixture
def told(there: University, alice: User, wish: Wish) -> Cluster:
    """A ready cluster of two workers of which the university knows, with nothing left to tell."""
    cluster = make_ready(services.create(alice, replace(wish, name="told")))
    outbox.deliver()
    there.heard.clear()
    return cluster


def create(api: Api, person: User, wish: Wish) -> Any:
    return api(person).post("/api/v1/clusters", body_of(wish), content_type=JSON)


def resize(api: Api, person: User, cluster: Cluster, workers: int) -> Any:
    return api(person).post(f"/api/v1/clusters/{cluster.pk}/resize", {"workers": workers}, content_type=JSON)


def extend(api: Api, person: User, cluster: Cluster, hours: int) -> Any:
    return api(person).post(f"/api/v1/clusters/{cluster.pk}/extend", {"hours": hours}, content_type=JSON)


def due_now() -> None:
    """The time until the next attempt is over."""
    Notice.objects.update(next_at=timezone.now())


def test_without_a_billing_of_the_university_nothing_is_asked_or_written(alice: User, wish: Wish) -> None:
    cluster = make_ready(services.create(alice, wish))
    lifetime.extend(alice, cluster, 1)
    services.delete(alice, cluster)
    tell_billing()
    assert not Notice.objects.exists()


@pytest.mark.usefixtures("priced")
def test_it_is_asked_before_a_create_with_the_price_and_told_after(there: University, alice: User, wish: Wish) -> None:
    cluster = services.create(alice, wish)
    assert there.verbs == ["check-create"]
    tell_billing()
    asked, told = there.heard
    assert (told.verb, told.body) == ("create", asked.body)
    assert asked.body == {
        "lease": str(cluster.pk), "course": "demo", "person": "alice", "name": "flights",
        "ends_at": cluster.expires_at.isoformat(), "hourly": "3.000000", "nodes": {"small": 3},
    }  # fmt: skip
    tell_billing()
    assert len(there.heard) == 2


def test_its_no_is_shown_with_its_reason_and_nothing_is_made(
    there: University, api: Api, alice: User, wish: Wish
) -> None:
    there.answer = no
    refused = problem(create(api, alice, wish))
    assert (refused["status"], refused["type"]) == (409, "urn:slipway:problem:billing-says-no")
    assert "the chair of physics has spent its money" in refused["detail"]
    assert not Cluster.objects.exists()
    assert not Notice.objects.exists()
    assert not Hold.objects.exists()


def test_its_no_stands_on_the_page_too(
    there: University, browser: Callable[[User], Client], alice: User, told: Cluster
) -> None:
    there.answer = no
    page = browser(alice).post(f"/clusters/{told.pk}/extend", {"hours": "1"}, follow=True)
    assert "the chair of physics has spent its money" in page.content.decode()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("answer", [nothing, says(500), says(200, b"<h1>Maintenance</h1>")])
def test_its_silence_is_a_no_unless_the_site_lends_then(
    there: University, api: Api, alice: User, wish: Wish, settings: Any, answer: Any
) -> None:
    there.answer = answer
    assert problem(create(api, alice, wish))["status"] == 503
    assert not Cluster.objects.exists()
    settings.BILLING = replace(there.service, lends_in_silence=True)
    assert create(api, alice, wish).status_code == 202
    there.heard.clear()
    there.answer = yes
    tell_billing()  # and it is settled later
    assert there.verbs == ["create"]


@pytest.mark.django_db(transaction=True)
def test_nobody_else_waits_while_it_is_asked(there: University, alice: User, wish: Wish, course: Course) -> None:
    """The lock on the course's limits is free, as another session sees."""
    free: list[bool] = []

    def look(call: Call) -> None:
        other = connections.create_connection("default")
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key_of(f"allocating {course.pk}")])
            free.append(cursor.fetchone()[0])
        other.close()
        yes(call)

    there.answer = look
    cluster = make_ready(services.create(alice, wish))
    lifetime.extend(alice, cluster, 1)
    resizing.resize(alice, cluster, 3)
    assert free == [True, True, True]


def test_what_passes_a_limit_is_refused_without_its_word(
    there: University, api: Api, alice: User, wish: Wish, course: Course
) -> None:
    limit(course, "clusters", 0)
    assert "limit" in problem(create(api, alice, wish))["type"]
    assert there.heard == []


def test_an_outsider_brings_about_no_call(there: University, api: Api, charlie: User, told: Cluster) -> None:
    assert resize(api, charlie, told, 4).status_code == 404
    assert extend(api, charlie, told, 1).status_code == 404
    assert there.heard == []


def test_a_growth_and_an_extension_are_asked_for_and_told(
    there: University, api: Api, alice: User, told: Cluster
) -> None:
    assert extend(api, alice, told, 2).status_code == 200
    assert resize(api, alice, told, 4).status_code == 202
    assert there.verbs == ["check-update", "check-update"]
    later = (told.expires_at + timedelta(hours=2)).isoformat()
    assert [(call.body["ends_at"], call.body["nodes"]) for call in there.heard] == [
        (later, {"small": 3}), (later, {"small": 5}),
    ]  # fmt: skip
    tell_billing()
    assert there.verbs[2:] == ["update", "update"]
    assert [call.body for call in there.heard[2:]] == [call.body for call in there.heard[:2]]


def test_its_no_leaves_a_cluster_as_it_is(there: University, api: Api, alice: User, told: Cluster) -> None:
    there.answer = no
    assert problem(extend(api, alice, told, 2))["type"].endswith("billing-says-no")
    assert problem(resize(api, alice, told, 4))["type"].endswith("billing-says-no")
    row = Cluster.objects.get(pk=told.pk)
    assert (row.expires_at, row.status, row.nodes.count()) == (told.expires_at, Status.READY, 3)
    assert Notice.objects.filter(delivered_at=None).count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", [partial(lifetime.extend, hours=1), partial(resizing.resize, workers=4)])
def test_what_was_agreed_with_is_what_is_done(there: University, alice: User, told: Cluster, deed: Any) -> None:
    """Somebody else moves the end while it is asked."""
    moved = told.expires_at + timedelta(hours=5)

    def moved_meanwhile(call: Call) -> None:
        Cluster.objects.filter(pk=told.pk).update(expires_at=moved)
        connections.close_all()
        yes(call)

    there.answer = moved_meanwhile
    with pytest.raises(Conflict, match="changed by somebody else"):
        deed(alice, told)
    row = Cluster.objects.get(pk=told.pk)
    assert (row.expires_at, row.status, row.nodes.count()) == (moved, Status.READY, 3)
    assert not Notice.objects.filter(delivered_at=None).exists()


def test_fewer_workers_are_told_once_they_are_gone_and_never_asked_for(
    there: University, alice: User, told: Cluster
) -> None:
    make_ready(told)
    Node.objects.create(cluster=told, name="worker-03", role="worker", address="127.88.3.13")
    Node.objects.filter(cluster=told).update(storage={"blocks": 1, "used": 1, "remaining": 100})
    there.answer = nothing
    resizing.resize(alice, told, 2)
    assert there.heard == []
    assert not Notice.objects.filter(delivered_at=None).exists()
    Node.objects.filter(cluster=told, leaving=True).delete()
    changing.end(Cluster.objects.get(pk=told.pk), None)
    assert not Notice.objects.filter(delivered_at=None).exists()  # it knows of these two
    Node.objects.filter(cluster=told, name="worker-02").delete()
    Cluster.objects.filter(pk=told.pk).update(status=Status.UPDATING)
    changing.end(Cluster.objects.get(pk=told.pk), None)
    there.answer = yes
    tell_billing()
    [heard] = there.heard
    assert (heard.verb, heard.body["nodes"]) == ("update", {"small": 2})


def test_a_growth_that_failed_is_taken_back(there: University, alice: User, told: Cluster) -> None:
    resizing.resize(alice, told, 4)
    changing._give_up(Cluster.objects.get(pk=told.pk), "s", Failure("x", "y", "z"))
    tell_billing()
    assert [(call.verb, call.body["nodes"]) for call in there.heard[1:]] == [
        ("update", {"small": 5}), ("update", {"small": 3}),
    ]  # fmt: skip


def test_a_deletion_waits_for_nothing_and_is_told_once(there: University, api: Api, alice: User, told: Cluster) -> None:
    there.answer = nothing
    assert api(alice).delete(f"/api/v1/clusters/{told.pk}").status_code == 202
    assert api(alice).delete(f"/api/v1/clusters/{told.pk}").status_code == 202
    assert there.heard == []
    row = Cluster.objects.get(pk=told.pk)
    assert row.target == Status.DELETED
    there.answer = yes
    tell_billing()
    [heard] = there.heard
    assert (heard.verb, heard.body["lease"]) == ("on-end", str(told.pk))
    assert datetime.fromisoformat(heard.body["at"]) == row.ended_at
    assert datetime.fromisoformat(heard.body["ready_at"]) == row.ready_at


def test_a_cluster_that_failed_has_ended_and_was_never_ready(there: University, alice: User, wish: Wish) -> None:
    cluster = services.create(alice, wish)
    reconciler._fail(cluster, Failure("x", "y", "z"))
    services.delete(alice, cluster)
    tell_billing()
    assert there.verbs == ["check-create", "create", "on-end"]
    assert there.heard[-1].body["ready_at"] is None


def test_a_cluster_of_which_it_was_never_told_is_not_told_of(ready: Cluster, alice: User, there: University) -> None:
    services.delete(alice, ready)
    assert not Notice.objects.exists()


def test_what_it_does_not_take_comes_again_in_order_and_later_each_time(
    there: University, alice: User, told: Cluster
) -> None:
    lifetime.extend(alice, told, 1)
    services.delete(alice, told)
    there.heard.clear()
    waits = []
    there.answer = says(500)
    for _ in range(3):
        began = timezone.now()
        tell_billing()
        tell_billing()  # not due yet
        waiting = Notice.objects.filter(delivered_at=None).order_by("pk")[0]
        waits.append((waiting.next_at - began).total_seconds())
        due_now()
    assert there.verbs == ["update"] * 3
    assert [round(wait) for wait in waits] == [5, 10, 20]
    assert "500" in waiting.trouble
    there.answer = no  # to what has happened: it is told all the same
    tell_billing()
    assert there.verbs == ["update"] * 4
    there.answer = yes
    due_now()
    tell_billing()
    assert there.verbs[4:] == ["update", "on-end"]
    assert len({call.headers["Idempotency-Key"] for call in there.heard[:5]}) == 1


def test_what_it_never_takes_comes_again_each_hour(there: University, told: Cluster, alice: User) -> None:
    services.delete(alice, told)
    Notice.objects.update(attempts=500)
    there.answer = no
    began = timezone.now()
    tell_billing()
    wait = Notice.objects.get(delivered_at=None).next_at - began
    assert timedelta(hours=1) <= wait < timedelta(hours=1, minutes=1)


def test_one_cluster_that_it_does_not_take_keeps_no_other_waiting(
    there: University, alice: User, ann: User, wish: Wish
) -> None:
    first, second = services.create(alice, wish), services.create(ann, wish)
    there.heard.clear()
    there.answer = lambda call: (no if call.body["lease"] == str(first.pk) else yes)(call)
    services.delete(ann, second)
    tell_billing()
    assert [(call.body["lease"], call.verb) for call in there.heard] == [
        (str(first.pk), "create"), (str(second.pk), "create"), (str(second.pk), "on-end"),
    ]  # fmt: skip


@pytest.mark.usefixtures("impatient")
def test_where_it_is_silent_a_pass_asks_once(there: University, alice: User, ann: User, wish: Wish) -> None:
    services.create(alice, wish)
    services.create(ann, wish)
    there.heard.clear()
    there.answer = nothing
    tell_billing()
    assert len(there.heard) == 1


def test_a_pass_is_bounded(
    there: University, monkeypatch: pytest.MonkeyPatch, alice: User, ann: User, wish: Wish
) -> None:
    services.create(alice, wish)
    services.create(ann, wish)
    there.heard.clear()
    monkeypatch.setattr(outbox, "AT_ONCE", 1)
    tell_billing()
    assert there.verbs == ["create"]


def test_what_is_undone_is_not_told(there: University, alice: User, wish: Wish) -> None:
    with transaction.atomic():
        services.create(alice, wish)
        transaction.set_rollback(True)
    tell_billing()
    assert there.verbs == ["check-create"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_after_telling_tells_again_with_the_same_key(
    there: University, alice: User, wish: Wish
) -> None:
    cluster = services.create(alice, wish)
    there.heard.clear()

    def kill_who_asks(call: Call) -> None:
        os.kill(teller.pid, signal.SIGKILL)
        teller.wait()

    there.answer = kill_who_asks
    program = "import django; django.setup(); from billing import outbox; outbox.deliver()"
    teller = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=TOP,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SLIPWAY_DATABASE_URL": configured.DATABASE_URL,
            "SLIPWAY_BILLING_URL": there.service.url,
            "SLIPWAY_BILLING_TOKEN": TOKEN,
        },
    )
    assert teller.wait(60) == -signal.SIGKILL
    assert Notice.objects.get(lease=cluster.pk).delivered_at is None
    there.answer = yes
    tell_billing()
    first, second = there.heard
    assert (first.verb, first.body) == (second.verb, second.body)
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert Notice.objects.get(lease=cluster.pk).delivered_at


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_tell_nothing_twice(there: University, alice: User, wish: Wish) -> None:
    cluster = services.create(alice, wish)
    services.delete(alice, cluster)
    there.heard.clear()

    def look_meanwhile(call: Call) -> None:
        """Another pass, in this thread with a connection of its own."""
        there.answer = yes
        outbox.deliver()
        connections.close_all()
        yes(call)

    there.answer = look_meanwhile
    tell_billing()
    assert there.verbs == ["create", "on-end"]
