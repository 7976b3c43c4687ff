"""When credits end: told at 80 and 100 per cent, once each; after a time of grace what costs is ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing import ledger
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.life import exhaustion
from portal.clusters.models import Cluster, CreditWarning, Status
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from portal.folders.models import Folder
from portal.letters.models import Letter
from tests.db.conftest import make_ready
from tests.db.test_allocation import priced
from tests.db.test_course_limits import limit

__all__ = ["priced"]


@pytest.fixture
def running(priced: Course, alice: User, wish: Wish) -> Cluster:
    return make_ready(services.create(alice, wish))


def spend(course: Course, person: str, amount: int) -> None:
    """As a charge that nobody foresaw."""
    ledger.correct("dora", Decimal(-amount), course=course.name, person=person, memo="of another service")


def told() -> list[tuple[str, str]]:
    return sorted((letter.to.username, letter.subject) for letter in Letter.objects.all())


def test_each_level_is_told_once(running: Cluster, priced: Course) -> None:
    now = timezone.now()
    spend(priced, "alice", 15)
    exhaustion.look_at(priced, now)
    assert not Letter.objects.exists()
    spend(priced, "alice", 2)
    for _ in range(2):
        exhaustion.look_at(priced, now)
    assert told() == [(name, "The credits in Demo course come to their end") for name in ("alice", "bob")]
    spend(priced, "alice", 4)
    for _ in range(2):
        exhaustion.look_at(priced, now)
    assert Letter.objects.count() == 4
    assert now_of(running).target == Status.READY


def now_of(cluster: Cluster) -> Cluster:
    return Cluster.objects.get(pk=cluster.pk)


def used_up(course: Course, person: str = "alice") -> datetime:
    now = timezone.now()
    spend(course, person, 20)
    exhaustion.look_at(course, now)
    return now


def test_after_the_time_of_grace_what_costs_ends_and_folders_stay(
    running: Cluster, priced: Course, folder: Folder
) -> None:
    now = used_up(priced)
    exhaustion.look_at(priced, now + timedelta(hours=23))
    assert now_of(running).target == Status.READY
    exhaustion.look_at(priced, now + timedelta(hours=24))
    assert now_of(running).target == Status.DELETED
    assert "are used up" in Letter.objects.get(must=True).text
    assert Folder.objects.get(pk=folder.pk).target == "available"


def test_new_credits_save_it_and_it_is_told_anew_when_these_end(running: Cluster, priced: Course) -> None:
    now = used_up(priced)
    ledger.grant("dora", Decimal(100), course=priced.name)
    exhaustion.look_at(priced, now + timedelta(hours=25))
    assert now_of(running).target == Status.READY
    assert not CreditWarning.objects.exists()
    spend(priced, "alice", 100)
    exhaustion.look_at(priced, now + timedelta(hours=26))
    assert now_of(running).target == Status.READY
    assert Letter.objects.count() == 4


def test_a_students_own_limit_ends_only_what_is_theirs(running: Cluster, priced: Course, ann: User, wish: Wish) -> None:
    ledger.grant("dora", Decimal(1000), course=priced.name)
    limit(priced, "credits", 20)
    other = make_ready(services.create(ann, wish))
    now = used_up(priced)
    assert told() == [("alice", "Your credits in Demo course are used up")]
    exhaustion.look_at(priced, now + timedelta(hours=24))
    assert (now_of(running).target, now_of(other).target) == (Status.DELETED, Status.READY)


def test_the_grace_is_the_sites(running: Cluster, priced: Course, settings: Any) -> None:
    settings.CREDIT_GRACE = timedelta(0)
    now = used_up(priced)
    exhaustion.look_at(priced, now)
    assert now_of(running).target == Status.DELETED


def test_a_course_is_warned_whose_credits_folders_or_other_services_use_up(priced: Course, bob: User) -> None:
    """Nobody has a cluster there."""
    spend(priced, "bob", 17)
    exhaustion.look()
    assert told() == [("bob", "The credits in Demo course come to their end")]
    ledger.grant("dora", Decimal(100), course=priced.name)
    exhaustion.look()
    assert not CreditWarning.objects.exists()
    spend(priced, "bob", 103)
    exhaustion.look()
    assert CreditWarning.objects.get().percent == 100


def test_an_archived_course_is_not_warned_of_what_its_folders_cost(priced: Course) -> None:
    Course.objects.filter(pk=priced.pk).update(archived_at=timezone.now())
    spend(priced, "bob", 20)
    exhaustion.look()
    assert not CreditWarning.objects.exists()


def test_a_course_without_clusters_is_looked_at_while_its_last_charge_is_new(
    priced: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(priced, "bob", 17)
    assert list(exhaustion.spending()) == [priced]
    monkeypatch.setattr(exhaustion, "RECENT", timedelta(0))
    assert list(exhaustion.spending()) == []
