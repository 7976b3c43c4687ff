"""Whatever people, passes and the clock do in any order: limits and credits hold, and what is held is what is true."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billing import credit, ledger
from billing.models import Hold, Rate
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.accounting import metering, usage
from portal.clusters.accounting.holding import true_amount
from portal.clusters.life import changing, lifetime, resizing
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import Wish
from portal.courses.limits import over
from portal.courses.models import Course
from portal.credits import holding
from portal.refusals import Conflict
from tests.db.conftest import make_ready
from tests.db.test_allocation import EPOCH
from tests.db.test_course_limits import limit

STEPS = 40
PEOPLE = st.sampled_from(["alice", "ann"])
WHICH = st.integers(0, 5)
LIMITS = (("clusters", 3, "course"), ("nodes", 11, "course"), ("clusters", 2, "student"), ("credits", 45, "student"))
ROUNDING = Decimal("0.001")


class Campus(RuleBasedStateMachine):
    """One course with small limits; a node costs a credit an hour. What is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
        self.clock = mock.patch("django.utils.timezone.now", side_effect=lambda: self.now)
        self.clock.start()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.course = Course.objects.get(name="demo")
        self.made = 0
        Rate.objects.create(kind="node", name="small", price=1, valid_from=EPOCH)
        ledger.grant("dora", Decimal(60), course="demo")
        for scope, limits in {
            "course": {"clusters": 3, "nodes": 11},
            "student": {"clusters": 2, "credits": 45},
        }.items():
            for name, value in limits.items():
                limit(self.course, name, value, scope)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)
        self.clock.stop()

    def cluster(self, which: int, *statuses: Status) -> Cluster | None:
        rows = (
            Cluster.objects.filter(status__in=statuses).select_related("course", "owner").order_by("created_at", "id")
        )
        found = list(rows)
        return found[which % len(found)] if found else None

    @initialize(owner=PEOPLE, workers=st.integers(1, 3))
    def begins_with_one_that_is_ready(self, owner: str, workers: int) -> None:
        self.create(owner, workers, 5, ready=True)

    @rule(owner=PEOPLE, workers=st.integers(1, 5), hours=st.integers(1, 6), ready=st.booleans())
    def create(self, owner: str, workers: int, hours: int, ready: bool) -> None:
        self.made += 1
        wish = Wish(str(self.course.pk), f"c{self.made}", "spark", workers, "small", hours)
        with suppress(Conflict):
            made = services.create(User.objects.get(username=owner), wish)
            if ready:
                self.make_ready(made)

    @rule(which=WHICH)
    def becomes_ready(self, which: int) -> None:
        if cluster := self.cluster(which, Status.CREATING):
            self.make_ready(cluster)

    def make_ready(self, cluster: Cluster) -> None:
        make_ready(cluster)
        Cluster.objects.filter(pk=cluster.pk).update(ready_at=self.now)
        metering.follow(cluster, self.now)

    @rule(which=WHICH)
    def fails(self, which: int) -> None:
        if cluster := self.cluster(which, Status.CREATING):
            Cluster.objects.filter(pk=cluster.pk).update(status=Status.FAILED, ended_at=self.now)

    @rule(which=WHICH, workers=st.integers(1, 6))
    def is_resized(self, which: int, workers: int) -> None:
        if cluster := self.cluster(which, Status.READY):
            with suppress(Conflict):
                resizing.resize(cluster.owner, cluster, workers=workers)

    @rule(which=WHICH)
    def has_changed(self, which: int) -> None:
        if cluster := self.cluster(which, Status.UPDATING):
            cluster.nodes.filter(leaving=True).delete()
            changing.end(cluster, None)

    @rule(which=WHICH, hours=st.integers(1, 8))
    def is_extended(self, which: int, hours: int) -> None:
        if cluster := self.cluster(which, Status.CREATING, Status.READY, Status.UPDATING):
            with suppress(Conflict):
                lifetime.extend(cluster.owner, cluster, hours)

    @rule(which=WHICH)
    def is_deleted(self, which: int) -> None:
        if cluster := self.cluster(which, Status.READY, Status.CREATING, Status.FAILED, Status.UPDATING):
            services.delete(cluster.owner, cluster)

    @rule(which=WHICH)
    def is_gone(self, which: int) -> None:
        if cluster := self.cluster(which, Status.DELETING):
            Cluster.objects.filter(pk=cluster.pk).update(status=Status.DELETED)

    @rule(minutes=st.integers(1, 200))
    def time_passes(self, minutes: int) -> None:
        """Each cluster is ended when its time is over."""
        until = self.now + timedelta(minutes=minutes)
        for cluster in Cluster.objects.filter(target=Status.READY, expires_at__lte=until).order_by("expires_at"):
            self.now = max(self.now, cluster.expires_at)
            services.end(cluster, "its time was over", expires_at=cluster.expires_at)
        self.now = until

    @rule()
    def hours_are_charged(self) -> None:
        metering.meter()

    @rule()
    def holds_are_computed_anew(self) -> None:
        holding.recompute()
        assert list(holding.differences(self.course, self.now, drift=timedelta())) == []

    @invariant()
    def no_limit_is_passed(self) -> None:
        for person in User.objects.filter(username__in=("alice", "ann")):
            bounds = services.allocation.bounds(self.course, person)
            by_all, by_one = usage.used(self.course, person)
            standing = credit.standing("demo", person.username)
            spent = {"credits": standing.spent + standing.held - ROUNDING}
            assert over(bounds.whole, by_all) == []
            assert over(bounds.own, {**by_one, **spent}) == []
            assert standing.remaining >= -ROUNDING

    @invariant()
    def nothing_is_held_too_little(self) -> None:
        held = dict(Hold.objects.values_list("resource", "amount"))
        for cluster in Cluster.objects.exclude(status=Status.DELETED):
            assert held.get(cluster.pk, Decimal()) >= true_amount(cluster, self.now) - ROUNDING


@pytest.mark.django_db
def test_whatever_happens_in_any_order(db: None) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Campus,
        settings=settings(
            max_examples=30, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
