"""The pages about credits: what each person sees and does there, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from billing import credit, ledger, prices, rates
from billing.metering import full_hour
from billing.models import Account, Rate, Transaction
from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.courses.models import Course
from portal.locks import key_of
from portal.trail.models import Entry
from tests.db.test_credits import NOON, use

D = Decimal
Browser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def price(ready: Cluster) -> None:
    """The cluster was made while all was free."""
    rates.introduce("node", "small", D(2), NOON - timedelta(days=60))


def shown(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer
    return answer.content.decode()


def test_a_course_shows_its_credits_to_each_as_they_may_see_them(
    browser: Browser, course: Course, ready: Cluster, alice: User, ann: User, bob: User, charlie: User, dora: User
) -> None:
    ledger.grant("dora", D(1000), course="demo")
    use(ready.pk, "alice", 3)
    path = f"/courses/{course.pk}/credits"
    for leader in (bob, dora):
        page = shown(browser(leader), path)
        assert "1,000.00" in page
        assert "alice" in page
        assert "Statement of the whole course" in page
    assert "6.00" in shown(browser(alice), path)
    classmate = shown(browser(ann), path)
    assert "alice" not in classmate
    assert "Give credits" not in classmate
    shown(browser(charlie), path, 404)
    assert "My statement" in shown(browser(alice), "/credits")


def test_a_teacher_gives_of_the_budget_on_the_page(browser: Browser, course: Course, bob: User) -> None:
    ledger.grant("dora", D(10), person="bob")
    path = f"/courses/{course.pk}/credits/give"
    answer = browser(bob).post(path, {"amount": "4", "out_of": "budget"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/courses/{course.pk}/credits")
    too_much = browser(bob).post(path, {"amount": "40", "out_of": "budget"})
    assert too_much.status_code == 422
    assert "the budget of bob has 6 credits" in too_much.content.decode()
    assert browser(bob).post(path, {"amount": "1", "out_of": "new"}).status_code == 422
    assert "6.00" in shown(browser(bob), "/budgets")
    assert credit.standing("demo").granted == 4


@pytest.mark.parametrize("page", ["course", "budget"])
def test_two_presses_give_once_and_another_amount_is_another_gift(
    browser: Browser, course: Course, dora: User, page: str
) -> None:
    path = "/budgets" if page == "budget" else f"/courses/{course.pk}/credits"
    wish = {"person": "bob", "amount": "4"} if page == "budget" else {"out_of": "new", "amount": "4"}
    client = browser(dora)
    key = re.search(r'name="form" value="([^"]+)"', shown(client, path))
    assert key
    for _ in range(2):
        assert client.post(f"{path}/give", {**wish, "form": key[1]}).status_code == 302
    written = Entry.objects.filter(action__in=("course.credits", "budget.grant"))
    assert (Transaction.objects.count(), written.count()) == (1, 1)
    assert client.post(f"{path}/give", {**wish, "amount": "5", "form": key[1]}).status_code == 302
    assert f'value="{key[1]}"' not in shown(client, path)
    assert sorted(each.balance for each in Account.objects.filter(kind=page)) == [9]


def test_a_second_reprocessing_meanwhile_is_told_to_wait(browser: Browser, dora: User) -> None:
    said = {"start": f"{NOON:%Y-%m-%dT%H:%M}", "end": f"{NOON + timedelta(hours=9):%Y-%m-%dT%H:%M}", "memo": "wrong"}
    with psycopg.connect(settings.DATABASE_URL) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [key_of("reprocessing")])
        answer = browser(dora).post("/rates/reprocess", said)
        assert answer.status_code == 422
        assert "being set right at this moment" in answer.content.decode()
    assert browser(dora).post("/rates/reprocess", said).status_code == 302


def test_a_student_gives_nothing(browser: Browser, course: Course, alice: User, charlie: User) -> None:
    form = {"amount": "4", "out_of": "new"}
    assert browser(alice).post(f"/courses/{course.pk}/credits/give", form).status_code == 403
    assert browser(charlie).post(f"/courses/{course.pk}/credits/give", form).status_code == 404
    assert browser(alice).post("/budgets/give", {"person": "alice", "amount": "4"}).status_code == 403
    assert browser(alice).post("/rates/add", {}).status_code == 403
    assert browser(alice).post("/rates/reprocess", {}).status_code == 403
    assert credit.standing("demo").granted == 0


def test_an_administrator_gives_back_what_somebody_was_charged_in_error(
    browser: Browser, course: Course, ready: Cluster, dora: User, bob: User
) -> None:
    use(ready.pk, "alice", 3)
    path = f"/courses/{course.pk}/credits"
    assert "Set right" not in shown(browser(bob), path)
    client = browser(dora)
    key = re.search(r'name="form" value="([^"]+)"(?!.*name="form")', shown(client, path), re.DOTALL)
    assert key
    wish = {"person": "alice", "amount": "1.5", "memo": "the storage was down", "form": key[1]}
    for _ in range(2):
        assert client.post(f"{path}/correct", wish).status_code == 302
    assert credit.standing("demo").spent == D("4.5")
    stranger = client.post(f"{path}/correct", {**wish, "person": "charlie"})
    assert "nobody of this name was charged" in stranger.content.decode()
    entry = Entry.objects.get(action="course.correction")
    assert entry.after == {"person": "alice", "amount": "1.5", "memo": "the storage was down"}


def test_a_statement_is_a_page_and_a_file(
    browser: Browser, course: Course, ready: Cluster, alice: User, ann: User, bob: User
) -> None:
    use(ready.pk, "alice", 3)
    path = f"/courses/{course.pk}/statement?month=2026-10"
    whole = shown(browser(bob), path)
    assert ">6.00</td>" in whole
    assert "month=2026-09" in whole
    mine = shown(browser(alice), f"{path}&person=alice")
    assert "Nodes small" in mine
    assert browser(alice).get(f"{path}&person=alice&format=pdf").content.startswith(b"%PDF")
    shown(browser(alice), path, 403)
    shown(browser(ann), f"{path}&person=alice", 403)
    shown(browser(bob), f"/courses/{course.pk}/statement?month=2026-99", 422)
    assert "Nothing was used" in shown(browser(alice), f"/courses/{course.pk}/statement?month=2020-01&person=alice")


def test_an_administrator_sets_a_price_and_charges_a_time_anew(
    browser: Browser, ready: Cluster, alice: User, dora: User
) -> None:
    use(ready.pk, "alice", 3)
    client = browser(dora)
    hour = full_hour(timezone.now()) + timedelta(hours=5)
    wish = {"kind": "node", "name": "small", "price": "3", "valid_from": f"{hour:%Y-%m-%dT%H:%M}"}
    assert client.post("/rates/add", wish).status_code == 302
    assert prices.hourly([("small", 0)], hour) == 3
    past = {**wish, "price": "1", "valid_from": f"{NOON:%Y-%m-%dT%H:%M}"}
    assert "only for the future" in client.post("/rates/add", past).content.decode()
    assert client.post("/rates/add", {**past, "correcting": "on", "memo": "wrong"}).status_code == 302
    time = {"start": f"{NOON:%Y-%m-%dT%H:%M}", "end": f"{NOON + timedelta(hours=9):%Y-%m-%dT%H:%M}", "memo": "wrong"}
    assert "3 charges would be set right" in client.post("/rates/reprocess", {**time, "preview": "1"}).content.decode()
    assert credit.standing("demo").spent == 6
    assert "3 charges were reversed" in client.post("/rates/reprocess", time, follow=True).content.decode()
    assert credit.standing("demo").spent == 3
    assert Rate.objects.count() == 3
    assert "Set a price" not in shown(browser(alice), "/rates")


def test_an_administrator_gives_a_budget(browser: Browser, dora: User) -> None:
    client = browser(dora)
    assert client.post("/budgets/give", {"person": "bob", "amount": "12.5"}).status_code == 302
    assert "12.50" in shown(client, "/budgets")
    assert "nobody of this name" in client.post("/budgets/give", {"person": "x", "amount": "1"}).content.decode()
