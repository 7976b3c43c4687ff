"""From facts to usage and charges: each second of each node once, whatever happens to the portal meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest import mock
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from billing import credit, holds, ledger, metering, rates, rating, reprocessing
from billing.costs import Cost
from billing.errors import Wrong
from billing.models import Hold, Meter, Posting, Rate, Transaction, Usage
from portal.accounts.models import User
from portal.clusters import holding
from portal.clusters import metering as of_clusters
from portal.clusters.models import Cluster, Node, Status
from portal.folders import metering as of_folders
from portal.folders.models import Folder

D = Decimal
START = datetime(2026, 11, 21, 9, 50, tzinfo=UTC)
HOUR = timedelta(hours=1)
At = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """A pass at that moment."""

    def measure(moment: datetime) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
        of_clusters.meter()

    return measure


@pytest.fixture(autouse=True)
def prices() -> None:
    for kind, name, price in (("node", "small", "3.6"), ("gpu", "", "36"), ("storage", "nfs", "0.73")):
        rates.introduce(kind, name, D(price), datetime(2026, 1, 1, tzinfo=UTC))
    ledger.grant("dora", D(100_000), course="demo")


@pytest.fixture
def running(ready: Cluster) -> Cluster:
    """A master and two small workers."""
    Cluster.objects.filter(pk=ready.pk).update(ready_at=START, expires_at=START + timedelta(hours=12))
    ready.refresh_from_db()
    of_clusters.follow(ready, START)
    return ready


def used(resource: object = "") -> dict[int, Decimal]:
    """The seconds, by hours."""
    rows = Usage.objects.filter(resource__startswith=str(resource)).values("hour").annotate(sum=Sum("seconds"))
    return {row["hour"].hour: row["sum"] for row in rows.order_by("hour")}


def seconds_used() -> Decimal:
    return Usage.objects.aggregate(sum=Sum("seconds"))["sum"] or D(0)


def spent(person: str = "alice", course: str = "demo") -> Decimal:
    return credit.standing(course, person).spent


def test_an_hour_is_charged_by_its_seconds_once_it_is_over(running: Cluster, at: At) -> None:
    at(START + timedelta(minutes=5))
    at(START + timedelta(minutes=11))  # what ended in the hour's last seconds may still be on its way
    assert used() == {}
    for minutes in (12, 12, 13, 69, 73, 73):
        at(START + timedelta(minutes=minutes))
    assert used() == {9: 3 * 600, 10: 3 * 3600}
    assert spent() == 3 * D("0.6") + 3 * D("3.6")


def test_a_day_without_the_portal_is_caught_up_exactly(running: Cluster, at: At) -> None:
    Cluster.objects.filter(pk=running.pk).update(expires_at=START + timedelta(days=3))
    at(START + timedelta(hours=26))
    assert seconds_used() == 3 * (25 * 3600 + 600)
    assert Usage.objects.count() == 3 * 26


def test_it_ends_to_the_microsecond_with_the_cluster_and_at_once(running: Cluster, at: At) -> None:
    end = START + timedelta(minutes=20, microseconds=123456)
    Cluster.objects.filter(pk=running.pk).update(status=Status.DELETED, ended_at=end)
    at(end + timedelta(seconds=1))
    at(START + timedelta(hours=5))
    assert used(running.pk) == {9: 3 * 600, 10: 3 * D("600.123456")}
    assert not metering.unfinished().exists()


def test_what_never_was_ready_costs_nothing_and_holds_nothing(creating: Cluster, at: At) -> None:
    holds.place(creating.pk, "demo", "alice", D(5), START + timedelta(days=9))
    Cluster.objects.filter(pk=creating.pk).update(status=Status.FAILED, ended_at=START)
    at(START + timedelta(days=1))
    assert not Meter.objects.exists()
    assert not Transaction.objects.filter(kind="charge").exists()
    assert not Hold.objects.exists()


def test_what_is_charged_is_held_no_more(running: Cluster, at: At) -> None:
    holds.place(running.pk, "demo", "alice", of_clusters.unmeasured(running, START), running.expires_at)
    ledger.grant("dora", D(1000), course="demo")
    at(START)
    remaining = credit.standing("demo").remaining
    assert remaining == 101_000 - 12 * 3 * D("3.6")
    at(START + 3 * HOUR)
    assert credit.standing("demo").spent > 0
    assert credit.standing("demo").remaining == remaining
    assert Hold.objects.get().amount == of_clusters.unmeasured(running, START + 3 * HOUR)
    Cluster.objects.filter(pk=running.pk).update(ended_at=START + 3 * HOUR)
    at(START + 3 * HOUR)
    assert credit.standing("demo").held == 0
    assert credit.standing("demo").spent == 3 * 3 * D("3.6")


def test_the_cost_so_far_is_what_is_charged_and_the_hour_that_runs(running: Cluster, at: At) -> None:
    at(START)
    for minutes in (1, 10, 50, 90):
        moment = START + timedelta(minutes=minutes)
        before = of_clusters.cost(running, moment)
        at(moment)
        assert of_clusters.cost(running, moment) == before == Cost(3 * D("0.06") * minutes, 3 * D("3.6"))


def test_the_cost_so_far_follows_a_reprocessing_and_stays_when_the_cluster_is_gone(running: Cluster, at: At) -> None:
    at(START)
    at(START + 2 * HOUR)
    hour = START.replace(minute=0)
    rates.add("dora", "node", "small", D("1.8"), hour, correcting=True, memo="too dear")
    assert reprocessing.reprocess("dora", hour, START + 3 * HOUR, "too dear")
    running.ended_at = START + 2 * HOUR
    running.save()
    assert of_clusters.cost(running, START + 9 * HOUR) == Cost(3 * D("1.8") * 2, D())
    at(START + 9 * HOUR)
    assert of_clusters.cost(running, START + 10 * HOUR) == Cost(3 * D("1.8") * 2, D())


def test_everybody_who_sees_a_cluster_sees_what_it_costs(
    running: Cluster,
    creating: Cluster,
    at: At,
    api: Callable[[User | None], Client],
    browser: Callable[[User], Client],
    alice: User,
    bob: User,
    charlie: User,
) -> None:
    address = f"/api/v1/clusters/{running.pk}/cost"
    nothing = {"cost": "0.000000", "hourly": "0.000000"}
    assert api(alice).get(f"/api/v1/clusters/{creating.pk}/cost").json() == nothing
    assert b"Cost so far" not in browser(alice).get(f"/clusters/{creating.pk}").content
    at(START + 2 * HOUR)
    for person in (alice, bob):
        assert api(person).get(address).json() == {"cost": "21.600000", "hourly": "10.800000"}
        page = browser(person).get(f"/clusters/{running.pk}").content
        assert b"21.60 credits, and 10.80 for each hour" in page
    assert api(charlie).get(address).status_code == 404


def test_nodes_that_join_or_leave_count_from_and_to_that_moment(running: Cluster, at: At) -> None:
    at(START)
    Node.objects.create(cluster=running, name="worker-03", role="worker", generation=2)
    of_clusters.follow(running, START + timedelta(minutes=20))
    Node.objects.filter(cluster=running, name="worker-01").delete()
    of_clusters.follow(running, START + timedelta(minutes=40))
    at(START + timedelta(minutes=75))
    assert used(f"{running.pk}/master") == {9: 600, 10: 3600}
    assert used(f"{running.pk}/worker-01") == {9: 600, 10: 1800}
    assert used(f"{running.pk}/worker-03") == {10: 3000}


def test_a_node_that_only_leaves_again_as_its_growth_failed_costs_nothing(running: Cluster, at: At) -> None:
    at(START)
    Node.objects.create(cluster=running, name="worker-03", role="worker", generation=2, leaving=True)
    of_clusters.follow(running, START + timedelta(minutes=20))
    assert not Meter.objects.filter(resource__endswith="worker-03").exists()


def test_a_clock_that_goes_back_and_forth_charges_nothing_twice(running: Cluster, at: At) -> None:
    for hours in (2, 1, -5, 3, 2, 3):
        at(START + hours * HOUR)
    assert seconds_used() == 3 * (2 * 3600 + 600)
    Cluster.objects.filter(pk=running.pk).update(ended_at=START - HOUR)  # the clock was wrong when it ended
    at(START + 4 * HOUR)
    assert seconds_used() == 3 * (2 * 3600 + 600)
    assert not metering.unfinished().exists()


def test_hours_that_a_clock_skipped_are_given_back_by_a_rate_of_nothing(running: Cluster, at: At) -> None:
    """It was ten hours slow, and is right now."""
    at(START + HOUR)
    at(START + 11 * HOUR)
    assert spent() == 3 * D("3.6") * (10 + D(10) / 60)
    eleven, nine = START.replace(hour=11, minute=0), START.replace(hour=20, minute=0)
    rates.add("dora", "node", "small", D(0), eleven, correcting=True, memo="the clock skipped these hours")
    rates.add("dora", "node", "small", D("3.6"), nine, correcting=True, memo="and here it was right again")
    assert reprocessing.reprocess("dora", eleven, nine, "the clock skipped these hours") == 3 * 9
    assert spent() == 3 * D("3.6") * (1 + D(10) / 60)


def test_a_clock_that_was_fast_for_a_while_has_charged_in_advance_and_nothing_twice(running: Cluster, at: At) -> None:
    at(START + 11 * HOUR)
    charged = spent()
    for hours in (1, 5, 11):
        at(START + hours * HOUR)
        assert spent() == charged


@pytest.mark.parametrize(("month", "day"), [(3, 29), (10, 25), (2, 28), (12, 31)])
def test_a_night_in_which_clocks_change_or_a_month_ends_has_the_hours_that_it_has(
    running: Cluster, at: At, month: int, day: int
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime(2026, month, day, 0, 30, tzinfo=zone).astimezone(UTC)
    end = datetime(2026, month, day, 23, 30, tzinfo=zone).astimezone(UTC) + timedelta(hours=1)
    Meter.objects.update(began_at=begin)
    Cluster.objects.filter(pk=running.pk).update(ended_at=end)
    at(end + HOUR)
    seconds = {3: 23, 10: 25}.get(month, 24) * 3600
    assert seconds_used() == 3 * seconds
    assert spent() == 3 * D(seconds) / 1000
    assert Usage.objects.values("resource", "hour").distinct().count() == Usage.objects.count()


def test_a_folder_costs_by_its_gigabytes_and_their_time(folder: Folder, at: At) -> None:
    of_folders.follow(folder, START)
    Folder.objects.filter(pk=folder.pk).update(size_gb=10)
    folder.refresh_from_db()
    of_folders.follow(folder, START + timedelta(minutes=40))
    Folder.objects.filter(pk=folder.pk).update(ended_at=START + timedelta(minutes=100))
    at(START + timedelta(hours=4))
    assert used(f"{folder.pk}/5") == {9: 600, 10: 1800}
    assert used(f"{folder.pk}/10") == {10: 1800, 11: 1800}
    # 0.73 a month of 730 hours is a thousandth an hour
    assert spent("bob") == sum(map(D, ("0.000833", "0.002500", "0.005000", "0.005000")))


def test_a_cluster_from_before_there_were_meters_gets_them(running: Cluster, at: At) -> None:
    Meter.objects.all().delete()
    at(START + HOUR)
    assert used() == {9: 3 * 600}


def test_gpus_are_charged_with_their_node(running: Cluster, at: At) -> None:
    Meter.objects.all().delete()
    sizes = {"master": {"flavor": "small"}, "worker": {"flavor": "small", "gpus": 2}}
    Cluster.objects.filter(pk=running.pk).update(sizes=sizes, ended_at=START + timedelta(minutes=10))
    of_clusters.follow(Cluster.objects.get(pk=running.pk), START)
    at(START + HOUR)
    assert spent() == 3 * D("0.6") + 2 * 2 * 6


def test_each_hour_has_the_rate_that_is_valid_as_it_begins(running: Cluster, at: At) -> None:
    Rate.objects.create(kind="node", name="small", price=D(36), valid_from=START.replace(hour=10, minute=0))
    at(START + HOUR + timedelta(minutes=15))
    assert spent() == 3 * D("0.6") + 3 * D(36)


def test_what_has_no_rate_is_free_but_it_is_written_down(running: Cluster, at: At) -> None:
    Meter.objects.update(name="own")
    at(START + HOUR)
    assert spent() == 0
    assert Transaction.objects.filter(kind="charge").count() == 3


def test_postgresql_refuses_to_change_usage(running: Cluster, at: At) -> None:
    at(START + HOUR)
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
        Usage.objects.update(seconds=1)


def test_a_wrong_rate_is_set_right_by_reversals_and_new_charges(running: Cluster, at: At) -> None:
    at(START + 2 * HOUR + timedelta(minutes=15))
    charges = list(Transaction.objects.order_by("id").values())
    postings = list(Posting.objects.order_by("id").values())
    ten = START.replace(hour=10, minute=0)
    rates.add("dora", "node", "small", D("1.8"), ten, correcting=True, memo="typed wrongly")
    assert reprocessing.differing(START, START + 9 * HOUR) == 6
    assert spent() == 3 * D("7.8")
    assert reprocessing.reprocess("dora", START, START + 9 * HOUR, "typed wrongly") == 6
    assert reprocessing.reprocess("dora", START, START + 9 * HOUR, "typed wrongly") == 0
    assert spent() == 3 * D("0.6") + 3 * 2 * D("1.8")
    assert list(Transaction.objects.order_by("id").values())[: len(charges)] == charges
    assert list(Posting.objects.order_by("id").values())[: len(postings)] == postings
    reversals = Transaction.objects.filter(kind="reversal")
    assert {each.actor for each in reversals} == {"dora"}
    assert all(each.usage_id == each.reverses.usage_id for each in reversals.select_related("reverses"))
    at(START + 3 * HOUR)  # what was charged anew is not charged once more
    assert Transaction.objects.filter(kind="charge").count() == sum(each["kind"] == "charge" for each in charges) + 6
    rates.add("dora", "node", "small", D("3.6"), ten, correcting=True, memo="it was right")
    assert reprocessing.reprocess("dora", ten, ten + HOUR, "it was right") == 3
    assert spent() == 3 * D("4.2") + 3 * D("1.8")


def test_a_reprocessing_says_why_and_when(at: At) -> None:
    with pytest.raises(Wrong, match="memo"):
        reprocessing.reprocess("dora", START, START + HOUR, " ")
    with pytest.raises(Wrong, match="end"):
        reprocessing.reprocess("dora", START, START, "why not")


def test_usage_of_more_than_one_batch_is_charged(running: Cluster, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rating, "BATCH", 4)
    monkeypatch.setattr(metering, "BATCH", 2)
    at(START + 5 * HOUR + timedelta(minutes=15))
    assert spent() == 3 * D("3.6") * 5 + 3 * D("0.6")


def test_what_was_recorded_and_not_charged_before_a_crash_is_charged_later(running: Cluster, at: At) -> None:
    at(START + HOUR)
    metering.measure(START + 3 * HOUR)  # and then the worker was killed
    before = spent()
    rating.rate()
    assert spent() == before + 3 * 2 * D("3.6")


def test_what_is_measured_and_not_charged_stays_held(running: Cluster, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    holds.place(running.pk, "demo", "alice", of_clusters.unmeasured(running, START), running.expires_at)
    at(START)
    remaining = credit.standing("demo").remaining
    later = START + 3 * HOUR
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    metering.measure(later)
    assert holding.mend(running.course) == []
    assert credit.standing("demo").remaining == remaining
    rating.rate()
    assert credit.standing("demo").remaining == remaining


def test_a_hold_is_released_only_when_all_is_charged(running: Cluster, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    holds.place(running.pk, "demo", "alice", of_clusters.unmeasured(running, START), running.expires_at)
    Cluster.objects.filter(pk=running.pk).update(ended_at=START + HOUR)
    rate = rating.rate
    monkeypatch.setattr(rating, "rate", lambda: None)  # another pass has measured and is not at its charges yet
    at(START + HOUR)
    assert Hold.objects.filter(resource=running.pk).exists()
    monkeypatch.setattr(rating, "rate", rate)
    at(START + HOUR)
    assert not Hold.objects.exists()


def test_usage_recorded_by_a_clock_that_was_ahead_keeps_nothing_from_being_charged(running: Cluster) -> None:
    def recorded(resource: str, hours: int) -> None:
        Usage.objects.create(
            resource=resource, subject=running.pk, kind="node", name="small", course="demo", person="alice",
            hour=START.replace(minute=0), seconds=3600, recorded_at=timezone.now() + hours * HOUR,
        )  # fmt: skip
        rating.rate()

    recorded("ahead", 48)
    recorded("now", 0)
    assert spent() == 2 * D("3.6")
    with mock.patch.object(rating, "_spans", return_value=()):
        recorded("long-ago", -5)  # and the worker was away for hours
    rating.rate()
    assert spent() == 3 * D("3.6")


@pytest.mark.django_db(transaction=True)
def test_charges_lock_holds_in_the_order_of_their_numbers(running: Cluster) -> None:
    subjects = [uuid4() for _ in range(12)]
    for subject in subjects:
        holds.place(subject, "demo", "alice", D(5), timezone.now() + HOUR)
        Usage.objects.create(
            resource=str(subject), subject=subject, kind="node", name="small", course="demo", person="alice",
            hour=START.replace(minute=0), seconds=3600,
        )  # fmt: skip
    before = set(_waiting())

    def charge() -> None:
        try:
            rating.rate()
        finally:
            connection.close()

    with transaction.atomic():
        Hold.objects.select_for_update().get(resource=subjects[0])
        thread = threading.Thread(target=charge)
        thread.start()
        until = time.monotonic() + 20
        while not set(_waiting()) - before and time.monotonic() < until:
            thread.join(0.02)
        mine = Hold.objects.filter(resource__in=subjects).order_by("pk")
        free = mine.select_for_update(skip_locked=True).values_list("resource", flat=True)
        assert list(free) == subjects
    thread.join(20)
    assert {hold.amount for hold in mine} == {D("1.4")}


def _waiting() -> list[int]:
    """The connections that wait for another one's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_locks WHERE NOT granted")
        return [row[0] for row in cursor.fetchall()]


def test_a_deletion_does_not_look_at_billing(running: Cluster, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.clusters import services

    for name in ("began", "ended", "measure"):
        monkeypatch.setattr(metering, name, lambda *_, **__: 1 / 0)
    monkeypatch.setattr(rating, "rate", lambda: 1 / 0)
    for name in ("place", "change", "release"):
        monkeypatch.setattr(holds, name, lambda *_, **__: 1 / 0)
    services.delete(alice, running)
    running.refresh_from_db()
    assert (running.status, running.target) == (Status.DELETING, Status.DELETED)


class TestAnyTimes(TestCase):
    """Whatever the passes' moments, each node has exactly its seconds, and the charges are their sum."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        begin=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
        lasts=st.timedeltas(timedelta(0), timedelta(days=2)),
        passes=st.lists(st.timedeltas(timedelta(hours=-3), timedelta(days=3)), max_size=6),
    )
    @example(begin=datetime(2026, 10, 25, 0, 59, 59, 999999), lasts=timedelta(microseconds=1), passes=[])
    def test_each_second_is_used_once(self, begin: datetime, lasts: timedelta, passes: list[timedelta]) -> None:
        from uuid import uuid4

        subject, start = uuid4(), begin.replace(tzinfo=UTC)
        service = metering.Service(f"{subject}/a", Meter.Kind.NODE, "small")
        end = start + lasts
        metering.began(subject, [service], start, course=str(subject), person="p")
        for moment in sorted(passes):
            if start + moment < end + metering.SETTLING:
                metering.measure(start + moment)
                rating.rate()
        metering.ended(subject, end)
        for moment in passes:
            metering.measure(start + moment)
            rating.rate()
        metering.measure(end)
        rating.rate()
        seconds = Usage.objects.filter(subject=subject).aggregate(sum=Sum("seconds"))["sum"] or D(0)
        exact = lasts.days * 86400 + lasts.seconds + D(lasts.microseconds) / 1_000_000
        assert seconds == exact
        # Each hour is rounded by itself.
        assert (
            abs(spent("p", str(subject)) - exact / 1000)
            <= D("0.0000005") * Usage.objects.filter(subject=subject).count()
        )
