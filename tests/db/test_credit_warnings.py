"""Pages and the API say that credits come to their end, also to who gets no letters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from billing import ledger
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.life import exhaustion
from portal.clusters.models import Cluster, CreditWarning
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from portal.credits import giving
from tests.db.conftest import make_ready
from tests.db.test_allocation import priced
from tests.db.test_course_limits import limit
from tests.db.test_exhaustion import spend

__all__ = ["priced"]


@pytest.fixture
def running(priced: Course, alice: User, wish: Wish) -> Cluster:
    """Of somebody whom no letter reaches."""
    assert not alice.email
    return make_ready(services.create(alice, wish))


def pages(client: Client, cluster: Cluster) -> list[str]:
    """Where a note stands, as one reads it."""
    addresses = ("/", f"/clusters/{cluster.pk}", f"/courses/{cluster.course_id}/credits")
    return [" ".join(client.get(address).content.decode().split()) for address in addresses]


def warnings(client: Client, course: Course) -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/courses/{course.pk}/credits")
    assert answer.status_code == 200
    return list(answer.json()["warnings"])


@pytest.mark.parametrize("own", [False, True], ids=["of the course", "of a student"])
def test_each_page_warns_whom_no_letter_reaches(
    running: Cluster, priced: Course, alice: User, bob: User, browser: Callable[[User], Client], own: bool
) -> None:
    if own:
        ledger.grant("dora", Decimal(1000), course=priced.name)
        limit(priced, "credits", 20)
    whose = "our credits in" if own else "he credits of"
    student = browser(alice)
    for page in pages(student, running):
        assert whose not in page
    spend(priced, "alice", 17)
    exhaustion.look_at(priced, timezone.now())
    for page in pages(student, running):
        assert "At least 80 % of" in page
        assert whose in page
    spend(priced, "alice", 3)
    exhaustion.look_at(priced, timezone.now())
    ends_at = CreditWarning.objects.get(percent=100).at + settings.CREDIT_GRACE
    for page in pages(student, running):
        assert whose in page
        assert "are used up. Clusters that cost end at" in page
        assert f"{ends_at:%H:%M} UTC" in page
        assert "At least 80 %" not in page
    _, of_cluster, of_course = pages(browser(bob), running)
    assert f"{'he credits of alice in' if own else whose}" in of_cluster
    assert "used up" in of_course


def test_the_api_says_it_to_those_whom_it_concerns(
    running: Cluster, priced: Course, ann: User, alice: User, bob: User, charlie: User, api: Callable[..., Client]
) -> None:
    limit(priced, "credits", 20)
    ledger.grant("dora", Decimal(4), course=priced.name)
    spend(priced, "alice", 20)
    now = timezone.now()
    exhaustion.look_at(priced, now)
    whole, own = warnings(api(alice), priced)
    assert (whole["username"], whole["percent"], whole["ends_at"]) == (None, 80, None)
    assert (own["username"], own["percent"]) == ("alice", 100)
    assert own["ends_at"] == (now + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
    assert warnings(api(bob), priced) == [whole, own]
    assert warnings(api(ann), priced) == [whole]
    assert api(charlie).get(f"/api/v1/courses/{priced.pk}/credits").status_code == 404


def test_a_classmate_reads_nothing_of_a_students_own_credits(
    running: Cluster, priced: Course, ann: User, browser: Callable[[User], Client]
) -> None:
    ledger.grant("dora", Decimal(1000), course=priced.name)
    limit(priced, "credits", 20)
    spend(priced, "alice", 20)
    exhaustion.look_at(priced, timezone.now())
    page = browser(ann).get(f"/courses/{priced.pk}/credits").content.decode()
    assert "used up" not in page
    assert "used up" not in browser(ann).get("/").content.decode()


def test_who_gives_credits_reads_no_warning_that_is_true_no_more(
    running: Cluster, priced: Course, dora: User, alice: User, browser: Callable[[User], Client]
) -> None:
    spend(priced, "alice", 20)
    exhaustion.look_at(priced, timezone.now())
    giving.give(dora, priced.pk, Decimal(100))
    assert not CreditWarning.objects.exists()
    assert "are used" not in pages(browser(alice), running)[0]


def test_what_has_ended_is_said_to_have_ended(
    running: Cluster, priced: Course, alice: User, browser: Callable[[User], Client]
) -> None:
    spend(priced, "alice", 20)
    exhaustion.look_at(priced, timezone.now() - timedelta(hours=25))
    home, _, of_course = pages(browser(alice), running)
    for page in (home, of_course):
        assert "Clusters that cost have been ended" in page
        assert "cost end at" not in page
