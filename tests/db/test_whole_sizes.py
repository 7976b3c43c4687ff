"""Clusters from before nodes had prices: what their rows lack is filled in, and until then they stop nobody else."""

from __future__ import annotations

import importlib
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.utils import timezone

from billing import ledger
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.life import exhaustion, lifetime
from portal.clusters.models import Cluster, CreditWarning
from portal.clusters.wishes import Wish
from portal.courses.models import Course, Membership
from portal.letters.models import Letter
from tests.db.conftest import make_ready
from tests.db.test_allocation import priced
from tests.db.test_course_limits import limit

__all__ = ["priced"]

whole_sizes = importlib.import_module("portal.clusters.migrations.0009_whole_sizes")


@pytest.fixture
def old(priced: Course, ready: Cluster) -> Cluster:
    """As a portal without prices has written it."""
    ledger.grant("dora", Decimal(100), course=priced.name)
    ready.sizes = {role: {name: size[name] for name in ("vcpus", "memory_mb")} for role, size in ready.sizes.items()}
    ready.save(update_fields=["sizes"])
    return ready


def test_a_cluster_without_prices_gets_what_a_new_one_has(old: Cluster, bob: User, wish: Wish) -> None:
    new = services.create(bob, wish)
    whole_sizes.fill(apps, None)
    old.refresh_from_db()
    assert old.sizes == new.sizes
    lifetime.extend(bob, old, 1)


def test_what_the_catalogue_has_no_more_keeps_its_own_figures(old: Cluster) -> None:
    apps.get_model("cloud", "Flavor").objects.all().delete()
    Cluster.objects.filter(pk=old.pk).update(sizes={"worker": {"vcpus": 7, "memory_mb": 5}})
    whole_sizes.fill(apps, None)
    old.refresh_from_db()
    assert old.sizes["worker"] == {"flavor": "small", "vcpus": 7, "memory_mb": 5, "gpus": 0, "hdfs_gb": 0}
    assert set(old.sizes) == {"master", "worker"}


def test_credits_of_other_clusters_end_beside_one_that_cannot_be_priced(
    old: Cluster, priced: Course, alice: User, wish: Wish
) -> None:
    sound = make_ready(services.create(alice, wish))
    ledger.correct("dora", Decimal(-120), course=priced.name, person="alice", memo="of another service")
    now = timezone.now()
    exhaustion.look_at(priced, now)
    exhaustion.look_at(priced, now + timedelta(hours=24))
    sound.refresh_from_db()
    assert sound.target == "deleted"


def test_a_course_with_trouble_keeps_no_other_from_its_warning(
    priced: Course, ready: Cluster, charlie: User, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Course.objects.get(name="other")
    ledger.grant("dora", Decimal(20), course=other.name)
    services.create(charlie, Wish(**{**wish.__dict__, "course": str(other.pk)}))
    looked = exhaustion.look_at
    seen: list[str] = []

    def troubled(course: Course, now: object) -> None:
        seen.append(course.name)
        looked(course, now.missing if course == priced else timezone.now())  # type: ignore[attr-defined]

    monkeypatch.setattr(exhaustion, "look_at", troubled)
    exhaustion.look()
    assert sorted(seen) == ["demo", "other"]


def test_a_cluster_with_trouble_keeps_no_other_from_its_warning(
    ready: Cluster, alice: User, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_ready(services.create(alice, wish))
    soon = timezone.now() + timedelta(minutes=10)
    Cluster.objects.update(expires_at=soon, created_at=soon - timedelta(days=1))
    warn = lifetime._warn_of_end

    def troubled(cluster: Cluster, minutes: int) -> None:
        warn(cluster, minutes if cluster.pk == other.pk else cluster.missing)  # type: ignore[attr-defined]

    monkeypatch.setattr(lifetime, "_warn_of_end", troubled)
    lifetime.warn_of_ends(timezone.now())
    assert Letter.objects.filter(key__contains=str(other.pk)).exists()
    assert not Letter.objects.filter(key__contains=str(ready.pk)).exists()


def test_who_has_left_the_course_is_told_too_that_the_own_credits_end(
    priced: Course, ready: Cluster, alice: User, bob: User, wish: Wish
) -> None:
    ledger.grant("dora", Decimal(100), course=priced.name)
    limit(priced, "credits", 5)
    services.create(bob, wish)
    Membership.objects.filter(user=alice).delete()
    for name in ("alice", "bob"):
        ledger.correct("dora", Decimal(-5), course=priced.name, person=name, memo="of another service")
    exhaustion.look_at(priced, timezone.now())
    told = set(CreditWarning.objects.exclude(person="").values_list("person", "percent"))
    assert told == {("alice", 100)}
