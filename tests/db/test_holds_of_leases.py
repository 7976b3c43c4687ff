"""Holds of leases are computed anew as those of clusters are, and what nobody holds is released."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import credit, holds, ledger
from billing.metering import measure
from billing.models import Hold
from billing.rating import rate
from portal.accounts.models import User
from portal.accounts.tokens import make_service
from portal.clusters import services
from portal.clusters.models import Cluster
from portal.clusters.wishes import Wish as ClusterWish
from portal.courses.models import Course
from portal.credits import holding, leases
from portal.credits.leases import Wish
from portal.credits.models import Lease
from tests.db.test_allocation import priced
from tests.db.test_holds_of_clusters import audit

__all__ = ["priced"]
SOUND = "Every hold is what it should be.\n"


@pytest.fixture(autouse=True)
def granted() -> None:
    ledger.grant("dora", Decimal(1000), course="demo")


@pytest.fixture
def queue(dora: User) -> User:
    return make_service(dora, "gpu-queue", ["read", "billing"])


def lent(queue: User, hourly: int | None = 4, fixed: int | None = None) -> Lease:
    prices = (each if each is None else Decimal(each) for each in (hourly, fixed))
    return leases.create(queue, Wish(uuid4(), "demo", "alice", "A100", timezone.now() + timedelta(hours=10), *prices))


def held(lease: Lease) -> Decimal:
    return Hold.objects.get(resource=lease.pk).amount


def test_what_was_placed_is_what_should_be(queue: User) -> None:
    lent(queue)
    lent(queue, hourly=None, fixed=7)
    lent(queue, hourly=0)
    assert audit() == (0, SOUND)


@pytest.mark.parametrize("fixed", [None, 40])
@pytest.mark.parametrize("amount", [None, 0, 100])
def test_a_hold_that_is_wrong_is_told_and_mended(queue: User, amount: int | None, fixed: int | None) -> None:
    lease = lent(queue, hourly=4 if fixed is None else None, fixed=fixed)
    Hold.objects.all().delete() if amount is None else Hold.objects.update(amount=amount)
    code, said = audit()
    assert (code, f"demo: lease {lease.pk} held" in said, "1 holds were mended." in said) == (0, True, True)
    assert abs(held(lease) - 40) < Decimal("0.1")
    assert Hold.objects.get(resource=lease.pk).person == "alice"
    assert audit() == (0, SOUND)


def test_the_pass_mends_a_course_that_has_no_cluster(queue: User) -> None:
    lease = lent(queue)
    Hold.objects.all().delete()
    holding.recompute()
    assert abs(held(lease) - 40) < Decimal("0.1")


def test_hours_that_are_charged_are_held_no_more(queue: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hour is rounded as it is charged, which is no fault."""
    start = datetime(2030, 5, 1, 9, 20, 0, 123457, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: start)
    lease = lent(queue, hourly=7)
    now = start + timedelta(hours=3)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    for charge in (measure, lambda _: rate()):
        charge(now)
        assert audit() == (0, SOUND)
    assert credit.standing("demo").spent > 14
    leases.on_end(queue, lease.pk)
    holding.recompute()
    assert abs(held(lease) - 7 * Decimal(20) / 60) < Decimal("0.001")  # from 12:00 to 12:20
    measure(now)
    rate()
    leases.settle()
    assert not Hold.objects.exists()
    assert audit() == (0, SOUND)


def test_what_a_fixed_lease_still_holds_after_its_end_is_released(queue: User) -> None:
    lease = lent(queue, hourly=None, fixed=7)
    leases.on_end(queue, lease.pk)
    holds.place_all([leases.hold_of(lease, Decimal(7))])
    holding.recompute()
    assert not Hold.objects.exists()
    assert credit.standing("demo").spent == 7


@pytest.mark.parametrize("where", ["demo", "forgotten"])
def test_a_hold_of_nothing_is_told_and_released(where: str, creating: Cluster) -> None:
    """Of a course that is known, and of one that is not."""
    Hold.objects.create(
        resource=uuid4(), course=where, person="ann", amount=5, expires_at=timezone.now() + timedelta(days=9)
    )
    code, said = audit()
    assert (code, "which is no cluster and no lease, held 5.000000, and not 0" in said) == (0, True)
    assert said.startswith(where)
    assert not Hold.objects.filter(person="ann").exists()
    assert audit() == (0, SOUND)


@pytest.mark.parametrize("where", ["demo", "forgotten"])
def test_the_pass_releases_a_hold_of_nothing_and_no_other(
    priced: Course, alice: User, wish: ClusterWish, queue: User, where: str
) -> None:
    made, lease = services.create(alice, wish), lent(queue)
    Hold.objects.create(
        resource=uuid4(), course=where, person="ann", amount=5, expires_at=timezone.now() + timedelta(days=9)
    )
    holding.recompute()
    assert set(holds.resources()) == {made.pk, lease.pk}


def test_a_hold_that_stands_in_another_course_comes_back(queue: User, course: Course) -> None:
    lease = lent(queue)
    Hold.objects.update(course="other")
    holding.recompute()
    holding.recompute()
    assert Hold.objects.get(resource=lease.pk).course == "demo"


def test_as_many_queries_mend_many_holds_as_one(queue: User, course: Course) -> None:
    def queries() -> int:
        Hold.objects.update(amount=1)
        with CaptureQueriesContext(connection) as captured:
            assert len(holding.mend(course)) == Lease.objects.count()
        return len(captured)

    lent(queue)
    few = queries()
    for _ in range(8):
        lent(queue)
    assert queries() == few
