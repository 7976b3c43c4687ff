"""Who may take more of a course's limits and credits: by what holds at that moment, and not by what held before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from billing import ledger
from billing.models import Rate
from portal.accounts.models import User
from portal.accounts.tokens import make_service
from portal.classes import carrying_out
from portal.classes import services as classes
from portal.classes.models import ClassAction, Kind
from portal.clusters import services
from portal.clusters.accounting import outside
from portal.clusters.life import exhaustion, lifetime, resizing
from portal.clusters.models import Cluster
from portal.clusters.wishes import Wish
from portal.courses import making, members
from portal.courses import services as courses
from portal.courses.models import Course, Membership, Role
from portal.courses.roster import Plan
from portal.credits import leases
from portal.credits.giving import give_budget
from portal.folders import services as folders
from portal.folders.services import FolderWish
from portal.letters.models import Letter
from portal.locks import allocating
from portal.refusals import Busy, Conflict, Invalid, LimitReached, NotAllowed
from portal.trail.models import Entry
from tests.db.conftest import make_available, problem
from tests.db.test_allocation import EPOCH
from tests.db.test_class_starts import parts, wanted
from tests.db.test_course_limits import limit

__all__ = ["wanted"]
LONG = "x" * 255


def beside(act: Callable[[], Any]) -> None:
    """In another transaction than this one."""
    import threading

    from django.db import connection

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.parametrize("bounds", [{"starts_on": date(2100, 1, 2)}, {"ends_on": date(2001, 1, 2)}])
def test_a_term_with_one_date_is_told_by_that(bounds: dict[str, date], course: Course, alice: User, wish: Wish) -> None:
    Course.objects.update(**bounds)
    with pytest.raises(Conflict, match=r"from 02 January 2100|until 02 January 2001"):
        services.create(alice, wish)


def test_a_term_ends_by_the_clocks_of_the_university(
    course: Course, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UNIVERSITY_TIME_ZONE = "Pacific/Kiritimati"  # 14 hours ahead of UTC
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))
    Course.objects.update(ends_on=date(2026, 11, 20))
    with pytest.raises(Conflict, match="20 November"):
        courses.course_of(alice, str(course.pk))


def test_who_has_left_neither_extends_nor_grows_and_may_shrink(ready: Cluster, alice: User, bob: User) -> None:
    Membership.objects.filter(user=alice).delete()
    with pytest.raises(NotAllowed, match="belong to Demo course no more"):
        lifetime.extend(alice, ready, 1)
    with pytest.raises(NotAllowed, match="belong to Demo course no more"):
        resizing.resize(alice, ready, workers=3)
    resizing.resize(alice, ready, workers=2)
    lifetime.extend(bob, ready, 1)


def test_after_the_term_only_who_leads_the_course_extends(ready: Cluster, alice: User, bob: User, dora: User) -> None:
    Course.objects.update(ends_on=date(2001, 1, 2))
    for act in (lambda: lifetime.extend(alice, ready, 1), lambda: resizing.resize(alice, ready, workers=3)):
        with pytest.raises(Conflict, match="until 02 January 2001"):
            act()
    for leader in (bob, dora):
        lifetime.extend(leader, ready, 1)


def test_a_limit_that_is_lowered_while_a_create_waits_holds_for_it(
    course: Course, alice: User, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last thing before the lock.
    monkeypatch.setattr(outside, "check_create", lambda cluster: limit(course, "clusters", 0))
    with pytest.raises(LimitReached, match="clusters at once"):
        services.create(alice, wish)


def test_a_limit_of_hours_that_is_lowered_meanwhile_holds_too(
    course: Course, alice: User, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "check_create", lambda cluster: limit(course, "hours", 1))
    with pytest.raises(LimitReached, match="hours of one cluster"):
        services.create(alice, wish)


@pytest.mark.django_db(transaction=True)
def test_a_list_waits_for_who_takes_from_the_courses_credits(course: Course, alice: User, bob: User) -> None:
    refused: list[Exception] = []

    def bring() -> None:
        try:
            members.bring(bob, course, Plan((), (), 0, ("alice",)))
        except Busy as busy:
            refused.append(busy)

    with allocating(course):
        beside(bring)
    assert refused
    assert Membership.objects.filter(user=alice).exists()


@pytest.fixture
def storage(course: Course) -> Course:
    """A GB costs a credit a month, and the course has 10."""
    Rate.objects.create(kind="storage", name="nfs", price=1, valid_from=EPOCH)
    ledger.grant("dora", Decimal(10), course=course.name)
    return course


def test_a_folder_that_has_a_price_needs_a_month_of_it(storage: Course, bob: User) -> None:
    with pytest.raises(LimitReached, match="10 credits is the limit that the course was given: 0 in use, 11 more"):
        folders.create(bob, FolderWish(str(storage.pk), "too large", 11))
    made = make_available(folders.create(bob, FolderWish(str(storage.pk), "fits", 10)))
    with pytest.raises(LimitReached, match="the course was given"):
        folders.grow(bob, made.pk, 21)
    folders.create(bob, FolderWish(str(storage.pk), "free", 100, "ceph"))


def test_a_folder_needs_its_makers_own_credits(storage: Course, alice: User) -> None:
    limit(storage, "credits", 3)
    with pytest.raises(LimitReached, match="3 credits is the limit for one person"):
        folders.create(alice, FolderWish(str(storage.pk), "mine", 4))


def test_a_folder_that_a_teacher_grows_counts_for_its_maker(course: Course, alice: User, bob: User) -> None:
    limit(course, "folder_gb", 5)
    made = make_available(folders.create(alice, FolderWish(str(course.pk), "mine", 4)))
    with pytest.raises(LimitReached, match="5 GB of folders"):
        folders.grow(bob, made.pk, 6)
    folders.grow(bob, made.pk, 5)


def test_a_start_that_begins_far_too_late_makes_nothing(wanted: classes.StartWish, course: Course, bob: User) -> None:
    action = classes.plan_start(bob, course, wanted)
    long_ago = timezone.now() - carrying_out.PATIENCE - timedelta(minutes=1)
    ClassAction.objects.update(ready_at=long_ago, begins_at=long_ago)
    carrying_out.carry_on()
    action.refresh_from_db()
    assert parts(action) == {"alice": "refused", "ann": "refused"}
    assert "too late" in action.parts.first().reason
    assert action.ended_at
    assert not Cluster.objects.exists()


def test_a_start_that_takes_long_goes_on_until_the_class_is_over(
    wanted: classes.StartWish, course: Course, bob: User
) -> None:
    action = classes.plan_start(bob, course, wanted)
    began = timezone.now() - carrying_out.PATIENCE - timedelta(minutes=30)  # of a class of two hours
    ClassAction.objects.update(ready_at=began, begins_at=began)
    carrying_out._begin(action)
    ClassAction.objects.update(began_at=began)
    carrying_out.carry_on()
    assert parts(action) == {"alice": "done", "ann": "done"}


def test_who_leads_the_class_no_more_starts_nothing_in_it(wanted: classes.StartWish, course: Course, bob: User) -> None:
    action = classes.plan_start(bob, course, wanted)
    Membership.objects.filter(user=bob).update(role=Role.STUDENT)
    carrying_out.carry_on()
    assert parts(action)["alice"] == "refused"
    assert "bob, who asked for it, may no longer start" in action.parts.first().reason
    assert not Cluster.objects.exists()
    assert ClassAction.objects.get(kind=Kind.START).ended_at


@pytest.mark.parametrize("address", ["courses/{}/members/a%00b", "courses/{}/limits/a%00b", "courses/makers/a%00b"])
def test_an_address_with_nul_is_of_nothing_to_programs(
    address: str, api: Callable[[User], Client], course: Course, dora: User
) -> None:
    path = f"/api/v1/{address.format(course.pk)}"
    for ask in (api(dora).get, api(dora).put, api(dora).delete):
        assert problem(ask(path))["status"] == 404


@pytest.mark.parametrize(
    "address", ["courses/{}/statement?person=%00", "courses/{}/roster/of/a%00b", "service-accounts/of/a%00b"]
)
def test_an_address_with_nul_is_of_nothing_to_people(
    address: str, browser: Callable[[User], Client], course: Course, dora: User
) -> None:
    answer = browser(dora).get(f"/{address.format(course.pk)}")
    assert answer.status_code == 404
    assert "There is no such page here" in answer.content.decode()


def test_a_budget_of_somebody_with_a_long_name_is_in_the_trail(dora: User) -> None:
    person = User.objects.create(username=LONG)
    give_budget(dora, LONG, Decimal(5))
    assert Entry.objects.get(action="budget.grant").subject == str(person.pk)


def test_a_letter_on_the_credits_of_somebody_with_a_long_name_is_written(
    storage: Course, ready: Cluster, alice: User
) -> None:
    User.objects.filter(pk=alice.pk).update(username=LONG)
    limit(storage, "credits", 5)
    ledger.correct("dora", Decimal(-5), course=storage.name, person=LONG, memo="of another service")
    exhaustion.look_at(storage, timezone.now())
    assert Letter.objects.filter(to=alice, subject__contains="Your credits").count() == 1


def test_a_lease_ends_within_a_year(course: Course, dora: User) -> None:
    queue = make_service(dora, "queue", ["read", "billing"])
    ledger.grant("dora", Decimal(10), course=course.name)
    far = datetime.max.replace(tzinfo=UTC)
    wish = leases.Wish(uuid4(), "demo", "alice", "A100", far, fixed=Decimal(1))
    with pytest.raises(Invalid, match="ends_at: must be within 366 days"):
        leases.create(queue, wish)
    soon = timezone.now() + timedelta(hours=1)
    lease = leases.create(queue, leases.Wish(wish.id, "demo", "alice", "A100", soon, fixed=Decimal(1)))
    with pytest.raises(Invalid, match="ends_at: must be within 366 days"):
        leases.update(queue, lease.pk, far)


def test_no_service_account_makes_courses(dora: User) -> None:
    make_service(dora, "queue", ["read"])
    with pytest.raises(Invalid, match="service account"):
        making.appoint(dora, "queue", may_make_courses=True)
    assert not User.objects.get(username="queue").may_make_courses
