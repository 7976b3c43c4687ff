"""Other services charge the same credits: what they ask is held and charged as a cluster is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from billing import credit, ledger
from billing.metering import measure
from billing.models import Hold
from billing.rating import rate
from portal.accounts.models import User
from portal.accounts.tokens import make_service
from portal.courses.models import Limit
from portal.credits import leases
from portal.credits.models import Lease
from portal.trail.models import Entry
from tests.db.conftest import problem

D = Decimal
Post = Callable[[str, dict[str, Any]], Any]


@pytest.fixture(autouse=True)
def granted() -> None:
    ledger.grant("dora", D(100), course="demo")


@pytest.fixture
def queue(dora: User) -> User:
    return make_service(dora, "gpu-queue", ["read", "billing"])


@pytest.fixture
def post(api: Callable[[User | None], Client], queue: User) -> Post:
    client = api(queue)
    return lambda verb, body: client.post(f"/api/v1/billing/{verb}", body, content_type="application/json")


@pytest.fixture
def wish() -> dict[str, Any]:
    end = timezone.now() + timedelta(hours=10)
    return {
        "lease": str(uuid4()), "course": "demo", "person": "alice", "name": "A100 for 10 h",
        "ends_at": end.isoformat(), "hourly": "4",
    }  # fmt: skip


def test_a_check_holds_nothing_and_a_create_holds_its_price(post: Post, wish: dict[str, Any]) -> None:
    checked = post("check-create", wish)
    assert checked.status_code == 200
    assert D(39) < D(checked.json()["amount"]) <= 40
    assert credit.standing("demo").held == 0
    assert post("create", wish).status_code == 201
    assert D(39) < credit.standing("demo", "alice").held <= 40
    assert post("create", wish).status_code == 201  # told again
    assert Lease.objects.count() == Hold.objects.count() == 1
    assert post("create", {**wish, "person": "ann"}).status_code == 409


def test_what_the_credits_do_not_pay_is_refused_with_its_figures(post: Post, wish: dict[str, Any]) -> None:
    for verb in ("check-create", "create"):
        refused = problem(post(verb, {**wish, "hourly": "11"}))
        assert (refused["status"], refused["type"]) == (409, "urn:slipway:problem:limit-reached")
        assert "100 credits" in refused["detail"]
    assert not Lease.objects.exists()


def test_a_persons_own_limit_counts_here_too(post: Post, wish: dict[str, Any], alice: User) -> None:
    Limit.objects.create(course_id=_demo(), scope="student", user=alice, name="credits", value=5)
    assert "5 credits" in problem(post("create", wish))["detail"]


def test_hours_are_charged_as_they_pass_and_the_end_settles(
    post: Post, wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime(2030, 5, 1, 9, 30, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: start)
    token_free = {**wish, "ends_at": (start + timedelta(hours=10)).isoformat()}
    service = User.objects.get(username="gpu-queue")
    lease = leases.create(service, _wish(token_free))
    now = start + timedelta(hours=2)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    measure(now)
    rate()
    assert credit.standing("demo", "alice").spent == 6  # to 11:00
    assert credit.standing("demo").remaining == 60
    leases.on_end(service, lease.pk)
    leases.on_end(service, lease.pk)
    measure(now)
    rate()
    leases.settle()
    assert credit.standing("demo", "alice") == credit.Standing(D(100), D(8), D(0), D(92))


def test_a_fixed_price_is_charged_once_at_the_end(post: Post, wish: dict[str, Any]) -> None:
    fixed = {**{name: value for name, value in wish.items() if name != "hourly"}, "fixed": "12.5"}
    assert post("create", fixed).status_code == 201
    assert credit.standing("demo").held == D("12.5")
    for _ in range(2):
        assert post("on-end", {"lease": wish["lease"]}).json()["ended_at"]
    assert credit.standing("demo") == credit.Standing(D(100), D("12.5"), D(0), D("87.5"))


def test_a_lease_is_prolonged_within_the_credits_and_shortened(post: Post, wish: dict[str, Any]) -> None:
    post("create", wish)
    end = datetime.fromisoformat(wish["ends_at"])
    longer = {"lease": wish["lease"], "ends_at": (end + timedelta(hours=5)).isoformat()}
    assert post("check-update", longer).json()["amount"] == "20.000000"
    assert post("update", longer).status_code == 200
    assert D(59) < credit.standing("demo").held <= 60
    too_long = {"lease": wish["lease"], "ends_at": (end + timedelta(hours=50)).isoformat()}
    assert [post(verb, too_long).status_code for verb in ("check-update", "update")] == [409, 409]
    assert post("update", {**longer, "ends_at": (end - timedelta(hours=5)).isoformat()}).status_code == 200
    assert D(19) < credit.standing("demo").held <= 20
    post("on-end", {"lease": wish["lease"]})
    assert post("update", longer).status_code == 409


def test_a_lease_whose_service_is_silent_ends_at_its_time(
    queue: User, wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = leases.create(queue, _wish(wish))
    later = lease.ends_at + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    leases.settle()
    measure(later)
    rate()
    leases.settle()
    lease.refresh_from_db()
    assert lease.ended_at == lease.ends_at
    standing = credit.standing("demo", "alice")
    assert D(39) < standing.spent <= 40
    assert not Hold.objects.exists()


def test_hours_that_are_measured_and_not_charged_stay_held(
    queue: User, wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime(2030, 5, 1, 9, 30, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: start)
    lease = leases.create(queue, _wish({**wish, "ends_at": (start + timedelta(hours=10)).isoformat()}))
    now = start + timedelta(hours=3)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    measure(now)
    leases.update(queue, lease.pk, start + timedelta(hours=12))
    assert credit.standing("demo").remaining == 52
    rate()
    assert credit.standing("demo").remaining == 52
    Hold.objects.update(amount=1)
    leases.settle()
    assert credit.standing("demo").remaining == 52
    leases.on_end(queue, lease.pk)
    measure(now)
    leases.settle()
    assert Hold.objects.exists()
    rate()
    leases.settle()
    assert credit.standing("demo", "alice") == credit.Standing(D(100), D(12), D(0), D(88))


def test_one_leases_trouble_keeps_no_other_from_its_end(
    queue: User, wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [leases.create(queue, _wish({**wish, "lease": str(uuid4()), "hourly": "1"})) for _ in range(2)]
    later = timezone.now() + timedelta(hours=20)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    for troubled in made:
        Lease.objects.update(ended_at=None)
        with monkeypatch.context() as patch:
            end = leases._end
            patch.setattr(leases, "_end", lambda *said: 1 / 0 if str(said[1].pk) == troubled.pk else end(*said))  # noqa: B023
            leases.settle()
        assert Lease.objects.get(ended_at=None) == Lease.objects.get(pk=troubled.pk)


def test_a_lease_that_was_prolonged_a_moment_ago_does_not_end(
    queue: User, wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass has read that its time is over, and then waits for the row of the lease."""
    lease = leases.create(queue, _wish({**wish, "hourly": "1"}))
    end = lease.ends_at
    monkeypatch.setattr("django.utils.timezone.now", lambda: end)
    read = Lease.objects.filter(pk=lease.pk).get
    row = leases._row

    def prolonged(pk: Any) -> Lease:
        Lease.objects.filter(pk=pk).update(ends_at=end + timedelta(hours=5))
        return row(pk)

    monkeypatch.setattr(leases, "_row", prolonged)
    leases.settle()
    assert read().ended_at is None


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("person", {"person": "charlie"}),
        ("person", {"course": "nowhere"}),
        ("ends_at", {"ends_at": "2020-01-01T00:00:00Z"}),
        ("hourly", {"hourly": None}),
        ("hourly", {"fixed": "1"}),
        ("hourly", {"hourly": "-1"}),
        ("lease", {"lease": "x"}),
        ("nme", {"nme": "x"}),
    ],
)
def test_what_is_no_lease_is_refused(post: Post, wish: dict[str, Any], field: str, wrong: dict[str, Any]) -> None:
    assert field in problem(post("create", {**wish, **wrong}))["errors"]
    assert not Lease.objects.exists()


def test_leases_are_for_services_and_each_sees_its_own(
    api: Callable[[User | None], Client], post: Post, wish: dict[str, Any], alice: User, bob: User, dora: User
) -> None:
    post("create", wish)
    for person in (alice, bob, dora):
        for verb in ("check-create", "create", "on-end"):
            body = {"lease": wish["lease"]} if verb == "on-end" else {**wish, "lease": str(uuid4())}
            answer = api(person).post(f"/api/v1/billing/{verb}", body, content_type="application/json")
            assert answer.status_code == 403, (person, verb)
    other = api(make_service(dora, "storage", ["billing"]))
    answer = other.post("/api/v1/billing/on-end", {"lease": wish["lease"]}, content_type="application/json")
    assert answer.status_code == 404
    assert Lease.objects.get().ended_at is None


def test_it_is_in_the_trail(post: Post, wish: dict[str, Any]) -> None:
    post("create", wish)
    post("on-end", {"lease": wish["lease"]})
    written = Entry.objects.filter(subject=wish["lease"]).order_by("id").values_list("actor", "action", "course")
    assert list(written) == [("gpu-queue", "lease.create", "demo"), ("gpu-queue", "lease.end", "demo")]


def test_what_the_portal_ends_by_itself_nobody_has_ended(
    queue: User, wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = leases.create(queue, _wish(wish))
    monkeypatch.setattr("django.utils.timezone.now", lambda: lease.ends_at)
    leases.settle()
    entry = Entry.objects.get(action="lease.end")
    assert (entry.actor, entry.way, entry.after) == (
        "", "system", {"person": "alice", "ended_at": lease.ends_at.isoformat()},
    )  # fmt: skip


def _demo() -> Any:
    from portal.courses.models import Course

    return Course.objects.get(name="demo").pk


def _wish(body: dict[str, Any]) -> leases.Wish:
    end = datetime.fromisoformat(body["ends_at"])
    return leases.Wish(body["lease"], body["course"], body["person"], body["name"], end, D(body["hourly"]))
