"""Holds are computed anew from what is: nothing relies on how they were written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import credit, ledger
from billing.models import Hold
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.accounting import metering
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import Wish
from portal.courses.models import Course, Limit
from portal.credits import holding
from portal.refusals import Busy
from tests.db.conftest import make_ready
from tests.db.test_allocation import CENT, held_elsewhere, impatient, priced
from tests.db.test_course_limits import limit

__all__ = ["impatient", "priced"]


def audit() -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("audit_limits", stdout=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue()
    return 0, said.getvalue()


def running(owner: User, wish: Wish) -> Cluster:
    """Three small nodes that have run for a minute of their four hours."""
    made = make_ready(services.create(owner, wish))
    assert made.ready_at
    metering.follow(made, made.ready_at)
    return made


def test_what_was_placed_is_what_should_be(priced: Course, alice: User, wish: Wish) -> None:
    services.create(alice, wish)
    assert audit() == (0, "Every hold is what it should be.\n")


@pytest.mark.parametrize("amount", [None, 0, 100])
def test_a_hold_that_is_wrong_is_told_and_mended(priced: Course, alice: User, wish: Wish, amount: int | None) -> None:
    made = running(alice, wish)
    Hold.objects.all().delete() if amount is None else Hold.objects.update(amount=amount)
    code, said = audit()
    assert (code, f"cluster {made.pk} held" in said, "1 holds were mended." in said) == (0, True, True)
    assert abs(Hold.objects.get(resource=made.pk).amount - 12) < Decimal("0.1")
    assert audit() == (0, "Every hold is what it should be.\n")


def test_what_only_waits_for_the_next_pass_is_no_fault(priced: Course, alice: User, wish: Wish) -> None:
    """Its machines took half an hour to be ready, for which nothing is charged."""
    made = services.create(alice, wish)
    Cluster.objects.filter(pk=made.pk).update(expires_at=made.expires_at - timedelta(minutes=30))
    assert audit()[0] == 0
    assert Hold.objects.get().amount.quantize(CENT) == Decimal("10.50")


def test_a_hold_that_would_not_be_mended_is_a_fault(priced: Course, alice: User, wish: Wish) -> None:
    services.create(alice, wish)
    Hold.objects.update(amount=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION keep_amount() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN NEW.amount := OLD.amount; RETURN NEW; END $$; "
            "CREATE TRIGGER keep_amount BEFORE UPDATE ON billing_hold FOR EACH ROW EXECUTE FUNCTION keep_amount()"
        )
    code, said = audit()
    assert (code, "it would not be mended" in said) == (1, True)


@pytest.mark.django_db(transaction=True)
def test_a_busy_course_is_told_and_not_called_right(
    priced: Course, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    with held_elsewhere(priced):
        code, said = audit()
    assert (code, "demo: busy" in said) == (1, True)


def test_as_many_queries_mend_many_holds_as_one(priced: Course, alice: User, wish: Wish) -> None:
    def queries() -> int:
        Hold.objects.update(amount=1)
        with CaptureQueriesContext(connection) as captured:
            assert len(holding.mend(priced)) == Cluster.objects.count()
        return len(captured)

    Limit.objects.filter(name="clusters").update(value=20)
    ledger.grant("dora", Decimal(1000), course="demo")
    running(alice, wish)
    few = queries()
    for number in range(8):
        running(alice, replace(wish, name=f"more {number}"))
    assert queries() == few


def test_what_failed_before_it_was_ready_holds_nothing(priced: Course, alice: User, wish: Wish) -> None:
    made = services.create(alice, wish)
    Cluster.objects.filter(pk=made.pk).update(status=Status.FAILED, ended_at=timezone.now())
    holding.recompute()
    assert not Hold.objects.exists()


def test_what_was_deleted_holds_what_is_not_charged_yet(priced: Course, alice: User, wish: Wish) -> None:
    made = running(alice, wish)
    services.delete(alice, made)
    holding.recompute()
    held = Hold.objects.get(resource=made.pk).amount
    assert Decimal(0) < held < Decimal("0.1")
    metering.meter()
    holding.recompute()
    assert not Hold.objects.exists()


def test_the_pass_follows_the_time_that_a_cluster_needs_to_be_ready(priced: Course, alice: User, wish: Wish) -> None:
    made = services.create(alice, wish)
    later = timezone.now() - timedelta(minutes=30)
    Cluster.objects.filter(pk=made.pk).update(expires_at=made.expires_at - timedelta(minutes=30), created_at=later)
    holding.recompute()
    assert Hold.objects.get().amount.quantize(CENT) == Decimal("10.50")


@pytest.mark.parametrize("days", [1, 40])
def test_what_runs_is_held_for_though_its_end_is_long_past(
    priced: Course, alice: User, wish: Wish, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """The worker was away; or the cluster cannot be deleted, and a pass comes now and then."""
    made = running(alice, wish)
    end = made.expires_at
    for day in range(10, days, 10):
        monkeypatch.setattr("django.utils.timezone.now", lambda day=day: end + timedelta(days=day))
        holding.recompute()
    monkeypatch.setattr("django.utils.timezone.now", lambda: end + timedelta(days=days))
    assert credit.standing("demo").held > Decimal("11.9")


def test_a_busy_course_keeps_no_other_from_its_holds(
    priced: Course, alice: User, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = services.create(alice, wish)
    other = Course.objects.exclude(pk=priced.pk).get()
    Cluster.objects.create(
        name="c", course=other, owner=alice, expires_at=made.expires_at, spec=made.spec, vcpus=1, memory_mb=1
    )
    mended = []

    def mend(course: Course) -> None:
        mended.append(course.name)
        raise Busy

    monkeypatch.setattr(holding, "mend", mend)
    holding.recompute()
    assert sorted(mended) == sorted([priced.name, other.name])


def test_what_is_over_a_limit_is_told_and_is_no_fault(course: Course, alice: User, creating: Cluster) -> None:
    limit(course, "nodes", 1)
    limit(course, "vcpus", 1, "course")
    code, said = audit()
    assert code == 0
    assert "demo: alice: 1 nodes is the limit" in said
    assert "demo: 1 vCPUs is the limit" in said
