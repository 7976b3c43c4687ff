"""When clusters end: put off, warned of once, ended where nobody uses them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Hold
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.life import ends, lifetime
from portal.clusters.models import Activity, Cluster, Status
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from portal.jobs import services as jobs
from portal.jobs.models import Job
from portal.letters.models import Letter
from portal.refusals import Conflict, Invalid, LimitReached
from portal.trail.models import Entry
from tests.db.conftest import body_of, make_ready, problem
from tests.db.test_allocation import CENT, priced
from tests.db.test_course_limits import limit
from tests.db.test_nodes import node

__all__ = ["priced"]


def now_of(cluster: Cluster) -> Cluster:
    return Cluster.objects.select_related("course", "owner").get(pk=cluster.pk)


def aged(cluster: Cluster, left: timedelta, made: timedelta = timedelta(days=3)) -> datetime:
    """Made so long ago, and with so much time left."""
    now = timezone.now()
    Cluster.objects.filter(pk=cluster.pk).update(created_at=now - made, expires_at=now + left)
    return now


@pytest.mark.parametrize(("left", "told"), [(26, None), (23.9, "24 hours"), (0.9, "1 hour"), (0.2, "15 minutes")])
def test_the_nearest_warning_is_given_once(ready: Cluster, left: float, told: str | None) -> None:
    now = aged(ready, timedelta(hours=left))
    for _ in range(3):
        lifetime.warn_of_ends(now)
    assert [letter.subject for letter in Letter.objects.all()] == (
        [f"Your cluster ready ends in {told}"] if told else []
    )


def test_warnings_follow_each_other_and_come_again_with_another_end(
    ready: Cluster, alice: User, course: Course
) -> None:
    limit(course, "hours", 1000, "course")
    now = aged(ready, timedelta(hours=25))
    for hours in (2, 24.1, 24.8, 24.9):
        lifetime.warn_of_ends(now + timedelta(hours=hours))
    assert Letter.objects.count() == 3
    lifetime.extend(alice, ready, 1)
    lifetime.warn_of_ends(now + timedelta(hours=25.8))
    assert Letter.objects.count() == 4


def test_who_made_it_for_an_hour_is_not_told_that_it_ends_within_one(ready: Cluster) -> None:
    now = aged(ready, timedelta(minutes=50), made=timedelta(minutes=10))
    lifetime.warn_of_ends(now)
    assert not Letter.objects.exists()
    lifetime.warn_of_ends(now + timedelta(minutes=40))
    assert Letter.objects.get().subject.endswith("15 minutes")


def test_what_is_going_is_warned_of_no_more(ready: Cluster, alice: User) -> None:
    now = aged(ready, timedelta(minutes=5))
    services.delete(alice, ready)
    lifetime.warn_of_ends(now)
    assert not Letter.objects.exists()


def test_an_end_is_put_off_within_the_limit(ready: Cluster, alice: User, bob: User) -> None:
    before = ready.expires_at
    lifetime.extend(alice, ready, 2)
    assert now_of(ready).expires_at == before + timedelta(hours=2)
    lifetime.extend(bob, ready, 1)
    with pytest.raises(LimitReached, match="12 hours of one cluster is the limit") as refused:
        lifetime.extend(alice, ready, 20)
    assert refused.value.next == "At most 5 more would fit."
    entries = Entry.objects.filter(action="cluster.extend").order_by("id")
    assert [entry.actor for entry in entries] == ["alice", "bob"]
    with pytest.raises(Invalid):
        lifetime.extend(alice, ready, 0)


def test_what_is_gone_cannot_be_put_off(ready: Cluster, alice: User) -> None:
    services.delete(alice, ready)
    with pytest.raises(Conflict):
        lifetime.extend(alice, ready, 1)


def test_more_time_holds_more_and_is_refused_without_credits(priced: Course, alice: User, wish: Wish) -> None:
    made = make_ready(services.create(alice, wish))
    lifetime.extend(alice, made, 2)
    assert Hold.objects.get(resource=made.pk).amount.quantize(CENT) == Decimal(18)
    with pytest.raises(LimitReached, match="20 credits is the limit"):
        lifetime.extend(alice, made, 1)
    assert now_of(made).expires_at - made.expires_at == timedelta(hours=2)


def test_a_pass_does_not_end_what_was_put_off_meanwhile(ready: Cluster, alice: User) -> None:
    seen_before = now_of(ready)
    lifetime.extend(alice, ready, 1)
    services.end(seen_before, "its time was over", expires_at=seen_before.expires_at)
    assert now_of(ready).target == Status.READY


def test_who_did_not_end_it_is_told_that_it_has_ended(ready: Cluster, bob: User) -> None:
    services.delete(bob, ready)
    letter = Letter.objects.get()
    assert (letter.to.username, letter.must) == ("alice", True)
    assert "bob deleted it" in letter.text


def test_who_deletes_their_own_needs_no_letter(ready: Cluster, alice: User) -> None:
    services.delete(alice, ready)
    assert not Letter.objects.exists()


def idle_since(cluster: Cluster, minutes: float, now: datetime) -> None:
    at = now - timedelta(minutes=minutes)
    Cluster.objects.filter(pk=cluster.pk).update(active_at=at, activity=Activity.JOB, heard_at=now)


def test_nobodys_cluster_is_warned_of_and_then_ended(ready: Cluster) -> None:
    now = timezone.now()
    idle_since(ready, 100, now)
    lifetime.look_for_idle(now)
    assert not Letter.objects.exists()
    idle_since(ready, 106, now)
    for _ in range(2):
        lifetime.look_for_idle(now)
    assert "Nobody uses your cluster ready" in Letter.objects.get().subject
    Cluster.objects.update(heard_at=now + timedelta(minutes=15))
    lifetime.look_for_idle(now + timedelta(minutes=15))
    assert now_of(ready).target == Status.DELETED
    assert Entry.objects.get(action="cluster.end").after["why"].startswith("nobody used it since")


def test_after_a_pause_of_the_portal_the_warning_still_comes_first(ready: Cluster) -> None:
    now = timezone.now()
    idle_since(ready, 1000, now)
    lifetime.look_for_idle(now)
    assert now_of(ready).target == Status.READY
    assert Letter.objects.count() == 1


def test_a_sign_of_use_saves_it(ready: Cluster) -> None:
    now = timezone.now()
    idle_since(ready, 110, now)
    lifetime.look_for_idle(now)
    services.seen(ready, Activity.APPLICATION, now)
    later = now + timedelta(minutes=60)
    Cluster.objects.update(heard_at=later)
    lifetime.look_for_idle(later)
    assert now_of(ready).target == Status.READY


@pytest.mark.parametrize("course_says", [{"idle_minutes": None}, {"idle_off_until": "soon"}])
def test_a_teacher_can_switch_it_off(ready: Cluster, course: Course, course_says: dict[str, object]) -> None:
    now = timezone.now()
    if "idle_off_until" in course_says:
        course_says = {"idle_off_until": now + timedelta(hours=2)}
    Course.objects.filter(pk=course.pk).update(**course_says)
    idle_since(ready, 1000, now)
    lifetime.look_for_idle(now)
    assert not Letter.objects.exists()


def test_of_a_master_that_is_silent_nothing_is_known(ready: Cluster) -> None:
    now = timezone.now()
    idle_since(ready, 1000, now)
    Cluster.objects.update(heard_at=now - timedelta(minutes=5))
    lifetime.look_for_idle(now)
    assert not Letter.objects.exists()


@pytest.mark.parametrize("idle_seconds", [0, 600])
def test_the_master_says_when_an_application_last_ran(ready: Cluster, idle_seconds: int) -> None:
    Cluster.objects.update(active_at=timezone.now() - timedelta(hours=1))
    body = {"troubles": {}, "idle_seconds": idle_seconds}
    assert node(ready).post("/node/v1/health", body, content_type="application/json").status_code == 204
    seen = now_of(ready)
    assert seen.active_at is not None
    assert abs((timezone.now() - seen.active_at).total_seconds() - idle_seconds) < 5
    assert seen.activity == Activity.APPLICATION


def test_a_job_is_a_sign_of_use(ready: Cluster, job: Job) -> None:
    Cluster.objects.update(active_at=timezone.now() - timedelta(hours=1))
    leased = jobs.lease_next(ready)
    assert leased is not None
    seen = now_of(ready)
    assert seen.active_at is not None
    assert (timezone.now() - seen.active_at).total_seconds() < 5
    Cluster.objects.update(active_at=timezone.now() - timedelta(hours=1))
    assert jobs.renew(leased)
    assert now_of(ready).activity == Activity.JOB


def test_the_api_extends_and_says_what_was_last_seen(
    api: Callable[[User], Client], alice: User, charlie: User, ready: Cluster
) -> None:
    Cluster.objects.update(active_at=timezone.now())
    address = f"/api/v1/clusters/{ready.pk}/extend"
    answer = api(alice).post(address, {"hours": 1}, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["idle"]["seen"] == "its end was put off"
    assert api(charlie).post(address, {"hours": 1}, content_type="application/json").status_code == 404
    assert problem(api(alice).post(address, {"hours": 100}, content_type="application/json"))["status"] == 409


def test_the_page_warns_and_extends_by_one_click(
    browser: Callable[[User], Client], alice: User, bob: User, ready: Cluster
) -> None:
    aged(ready, timedelta(minutes=50), made=timedelta(hours=5))
    client = browser(alice)
    page = client.get(f"/clusters/{ready.pk}").content.decode()
    assert "This cluster ends in 50 min" in page
    assert 'value="2">2 hours</button>' in page
    assert client.post(f"/clusters/{ready.pk}/extend", {"hours": "2"}).status_code == 302
    assert "This cluster ends in" not in client.get(f"/clusters/{ready.pk}").content.decode()
    assert browser(bob).post(f"/clusters/{ready.pk}/extend", {"hours": "1"}).status_code == 302
    assert Entry.objects.filter(action="cluster.extend").count() == 2


def test_a_person_sets_where_letters_go(browser: Callable[[User], Client], alice: User) -> None:
    client = browser(alice)
    assert client.post("/me", {"email": "not an address"}).status_code == 422
    assert client.post("/me", {"email": "a@example.org"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.email, alice.wants_letters) == ("a@example.org", False)
    assert "a@example.org" in client.get("/me").content.decode()
    assert "example.org" not in str(Entry.objects.get(action="user.letters").__dict__)


@pytest.mark.parametrize("activity", list(Activity))
def test_each_sign_of_use_has_words(activity: Activity) -> None:
    assert activity.value in ends.ACTIVITIES


def test_the_price_is_told_before_anything_is_made(
    priced: Course, api: Callable[[User], Client], alice: User, wish: Wish
) -> None:
    def ask(**changes: object) -> dict[str, object]:
        answer = api(alice).post(
            "/api/v1/clusters/price", {**body_of(wish), **changes}, content_type="application/json"
        )
        assert answer.status_code == 200, answer.content
        return answer.json()  # type: ignore[no-any-return]

    asked = ask()
    assert (asked["hourly"], asked["fits"], asked["remaining"]) == ("3.000000", True, "20.000000")
    assert Decimal(str(asked["until_end"])).quantize(CENT) == 12
    asked = ask(workers=5)
    assert asked["fits"] is False
    assert asked["advice"] == "It would fit with 4 workers or for 3 hours."
    assert not Cluster.objects.exists()
    services.create(alice, replace(wish, workers=4))
