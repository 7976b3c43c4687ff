"""From usage to charges: each once, at the price of its hour, and held no more."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from unittest import mock
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing import credit, holds, ledger, metering, rating
from billing.models import Hold, Meter, Rate, Transaction, Usage
from portal.clusters.accounting import metering as of_clusters
from portal.clusters.models import Cluster
from portal.credits import holding
from tests.db.metering import HOUR, START, At, D, at, prices, running, spent

__all__ = ["at", "prices", "running"]


def test_each_hour_has_the_rate_that_is_valid_as_it_begins(running: Cluster, at: At) -> None:
    Rate.objects.create(kind="node", name="small", price=D(36), valid_from=START.replace(hour=10, minute=0))
    at(START + HOUR + timedelta(minutes=15))
    assert spent() == 3 * D("0.6") + 3 * D(36)


def test_gpus_are_charged_with_their_node(running: Cluster, at: At) -> None:
    Meter.objects.all().delete()
    sizes = {"master": {"flavor": "small"}, "worker": {"flavor": "small", "gpus": 2}}
    Cluster.objects.filter(pk=running.pk).update(sizes=sizes, ended_at=START + timedelta(minutes=10))
    of_clusters.follow(Cluster.objects.get(pk=running.pk), START)
    at(START + HOUR)
    assert spent() == 3 * D("0.6") + 2 * 2 * 6


def test_what_has_no_rate_is_free_but_it_is_written_down(running: Cluster, at: At) -> None:
    Meter.objects.update(name="own")
    at(START + HOUR)
    assert spent() == 0
    assert Transaction.objects.filter(kind="charge").count() == 3


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
