"""From facts to usage: each second of each node once, whatever happens to the portal meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from billing import holds, metering, rates, rating, reprocessing
from billing.models import Hold, Meter, Transaction, Usage
from portal.accounts.models import User
from portal.clusters.accounting import metering as of_clusters
from portal.clusters.models import Cluster, Node, Status
from portal.folders import metering as of_folders
from portal.folders.models import Folder
from tests.db.metering import HOUR, START, At, D, at, prices, running, seconds_used, spent, used

__all__ = ["at", "prices", "running"]


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


def test_postgresql_refuses_to_change_usage(running: Cluster, at: At) -> None:
    at(START + HOUR)
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
        Usage.objects.update(seconds=1)


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
