"""Credits through the API: who gives, who sees, what a statement says, in each of its forms."""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from billing import credit, ledger, metering, rates, rating, reprocessing
from billing.metering import full_hour
from billing.models import Meter
from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.courses.models import Course
from portal.trail.models import Entry
from tests.db.conftest import problem

D = Decimal
Api = Callable[[User | None], Client]
NOON = datetime(2026, 10, 31, 12, tzinfo=UTC)


def send(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


def use(subject: UUID, person: str, hours: int, start: datetime = NOON, kind: Meter.Kind = Meter.Kind.NODE) -> None:
    name = "small" if kind == Meter.Kind.NODE else "nfs"
    service = metering.Service(f"{subject}/{person}-{kind}-{start:%d%H}", kind, name, 730)
    metering.began(subject, [service], start, course="demo", person=person)
    metering.ended(subject, start + timedelta(hours=hours))
    metering.measure(start + timedelta(hours=hours))
    rating.rate()


@pytest.fixture(autouse=True)
def prices(ready: Cluster) -> None:
    """The cluster was made while all was free."""
    rates.introduce("node", "small", D(2), NOON - timedelta(days=60))
    rates.introduce("storage", "nfs", D("0.5"), NOON - timedelta(days=60))


def test_an_administrator_makes_credits_and_a_teacher_gives_of_a_budget(
    api: Api, course: Course, bob: User, dora: User
) -> None:
    made = send(api(dora), "billing/budgets", {"person": "bob", "amount": "100", "memo": "winter"})
    assert (made.status_code, made.json()) == (201, {"person": "bob", "credits": "100.000000"})
    given = send(api(bob), f"courses/{course.pk}/credits", {"amount": "60"})
    assert given.json() == {
        "granted": "60.000000", "spent": "0.000000", "held": "0.000000", "remaining": "60.000000"
    }  # fmt: skip
    assert api(bob).get("/api/v1/billing/budgets").json()["results"] == [{"person": "bob", "credits": "40.000000"}]
    assert "has 40 credits" in problem(send(api(bob), f"courses/{course.pk}/credits", {"amount": "41"}))["detail"]
    assert send(api(dora), f"courses/{course.pk}/credits", {"amount": "1"}).status_code == 201
    assert credit.standing("demo").granted == 61
    written = Entry.objects.filter(action__in=("course.credits", "budget.grant")).values_list("actor", "action")
    assert sorted(written) == [("bob", "course.credits"), ("dora", "budget.grant"), ("dora", "course.credits")]


@pytest.mark.parametrize("body", [{"amount": "0"}, {"amount": "-5"}, {"amount": "1e30"}, {"amount": "x"}, {}])
def test_what_is_no_grant_is_refused(api: Api, course: Course, dora: User, body: dict[str, str]) -> None:
    assert "amount" in problem(send(api(dora), f"courses/{course.pk}/credits", body))["errors"]
    assert credit.standing("demo").granted == 0


def test_who_may_not_give_gives_nothing(
    api: Api, course: Course, alice: User, bob: User, charlie: User, dora: User
) -> None:
    ledger.grant("dora", D(100), person="alice")
    ledger.grant("dora", D(100), person="dora")
    answers = [
        send(api(alice), f"courses/{course.pk}/credits", {"amount": "5"}),
        send(api(charlie), f"courses/{course.pk}/credits", {"amount": "5"}),
        send(api(bob), f"courses/{course.pk}/credits", {"amount": "5", "out_of": "new"}),
        send(api(dora), f"courses/{course.pk}/credits", {"amount": "5", "out_of": "budget"}),
        send(api(bob), "billing/budgets", {"person": "bob", "amount": "5"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 404, 403, 403, 403]
    assert credit.standing("demo").granted == 0
    assert (
        "nobody of this name" in problem(send(api(dora), "billing/budgets", {"person": "x", "amount": "5"}))["detail"]
    )


def test_each_sees_of_the_credits_what_is_theirs_to_see(
    api: Api, course: Course, ready: Cluster, alice: User, ann: User, bob: User, charlie: User, dora: User
) -> None:
    use(ready.pk, "alice", 3)
    path = f"/api/v1/courses/{course.pk}/credits"
    assert api(alice).get(path).json()["people"][0]["spent"] == "6.000000"
    assert api(ann).get(path).json()["people"] == []
    for leader in (bob, dora):
        assert [row["username"] for row in api(leader).get(path).json()["people"]] == ["alice"]
    assert api(charlie).get(path).status_code == 404


def statement(client: Client, course: Course, **query: str) -> Any:
    return client.get("/api/v1/billing/statements", {"course": str(course.pk), **query})


def test_a_statement_of_a_course_is_a_row_for_each_person(
    api: Api, course: Course, ready: Cluster, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ready.pk, "alice", 3)
    use(ready.pk, "alice", 2, kind=Meter.Kind.STORAGE)
    use(ready.pk, "ann", 1)
    use(ready.pk, "ann", 4, start=NOON + timedelta(hours=12))  # in November
    made = statement(api(bob), course, month="2026-10").json()
    assert [(row["person"], row["nodes"], row["folders"], row["credits"]) for row in made["people"]] == [
        ("alice", "6.000000", "1.000000", "7.000000"),
        ("ann", "2.000000", "0.000000", "2.000000"),
    ]
    assert (made["spent"], made["lines"]) == ("9.000000", [])
    assert statement(api(bob), course, month="2026-11").json()["spent"] == "8.000000"


def test_a_statement_of_a_person_names_what_was_used_and_what_was_reversed(
    api: Api, course: Course, ready: Cluster, alice: User
) -> None:
    start = full_hour(timezone.now()) - timedelta(hours=1)
    use(ready.pk, "alice", 1, start)
    rates.add("dora", "node", "small", D(1), start, correcting=True, memo="typed wrongly")
    reprocessing.reprocess("dora", start, start + timedelta(hours=1), "typed wrongly")
    ledger.correct("dora", D("0.25"), course="demo", person="alice", memo="the storage was down")
    month = f"{timezone.now():%Y-%m}"
    made = statement(api(alice), course, month=month, person="alice").json()
    said = [(line["what"], line["of"], line["credits"]) for line in made["lines"]]
    assert sorted(said) == [
        ("Correction: the storage was down", "", "-0.250000"),
        ("Nodes small", "ready", "2.000000"),
        ("Nodes small: typed wrongly", "ready", "1.000000"),
        ("Reversal · Nodes small: typed wrongly", "ready", "-2.000000"),
    ]
    assert made["spent"] == "0.750000"


def test_an_administrator_gives_back_what_somebody_was_charged_in_error(
    api: Api, course: Course, ready: Cluster, bob: User, dora: User
) -> None:
    use(ready.pk, "alice", 3)
    path, wish = f"courses/{course.pk}/corrections", {"person": "alice", "amount": "2.5", "memo": "charged twice"}
    given = send(api(dora), path, wish)
    assert (given.status_code, given.json()["spent"]) == (201, "3.500000")
    assert send(api(dora), path, {**wish, "amount": "-1"}).json()["spent"] == "4.500000"
    for wrong in ({**wish, "memo": ""}, {**wish, "amount": "0"}, {**wish, "person": "bob"}):
        assert send(api(dora), path, wrong).status_code == 422
    assert send(api(bob), path, wish).status_code == 403


def test_a_month_begins_by_the_clocks_of_the_university(
    api: Api, course: Course, ready: Cluster, bob: User, settings: Any
) -> None:
    use(ready.pk, "alice", 1, datetime(2026, 10, 31, 16, tzinfo=UTC))  # in Shanghai it is November
    assert statement(api(bob), course, month="2026-10").json()["spent"] == "2.000000"
    settings.UNIVERSITY_TIME_ZONE = "Asia/Shanghai"
    assert statement(api(bob), course, month="2026-10").json()["spent"] == "0.000000"
    assert statement(api(bob), course, month="2026-11").json()["time_zone"] == "Asia/Shanghai"


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-10", "now", "\uff12\uff10\uff12\uff16-10"])
def test_a_month_that_is_none_is_refused(api: Api, course: Course, bob: User, month: str) -> None:
    assert "month" in problem(statement(api(bob), course, month=month))["errors"]


def test_others_statements_are_for_those_who_lead(
    api: Api, course: Course, alice: User, ann: User, bob: User, charlie: User, dora: User
) -> None:
    asked = [(alice, "alice"), (alice, "ann"), (alice, ""), (charlie, "charlie"), (bob, "alice"), (dora, "")]
    answers = [statement(api(person), course, person=whose).status_code for person, whose in asked]
    assert answers == [200, 403, 403, 404, 200, 200]


def test_csv_is_for_excel_and_no_name_is_a_formula(api: Api, course: Course, ready: Cluster, bob: User) -> None:
    use(ready.pk, "=HYPERLINK(1)", 1)
    ledger.correct("dora", D(1), course="demo", person="=HYPERLINK(1)", memo="因为存储坏了")
    answer = statement(api(bob), course, month="2026-10", format="csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement-demo-2026-10.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1] == ["'=HYPERLINK(1)", "2.000000", "0.000000", "0.000000", "0.000000", "2.000000"]
    month = f"{timezone.now():%Y-%m}"
    ones = statement(api(bob), course, month=month, person="=HYPERLINK(1)", format="csv").content.decode("utf-8-sig")
    assert "Correction: 因为存储坏了" in ones


def texts(pdf: bytes) -> str:
    """The streams of a PDF, those that are packed unpacked."""
    found = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found += zlib.decompress(stream)
        except zlib.error:
            found += stream
    return found.decode("latin-1")


def test_a_pdf_has_the_characters_of_chinese_names(api: Api, course: Course, ready: Cluster, bob: User) -> None:
    Course.objects.filter(pk=course.pk).update(title="数据科学导论")
    use(ready.pk, "李雷", 3)
    answer = statement(api(bob), course, month="2026-10", format="pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert len(answer.content) < 200_000  # the font's characters that are used, and not all of it
    told = texts(answer.content).upper()
    missing = [character for character in "数据科学李雷" if f"<{ord(character):04X}>" not in told]
    assert missing == []
    assert statement(api(bob), course, month="2026-10", person="李雷", format="pdf").content.startswith(b"%PDF-")


def test_rates_are_seen_by_all_and_changed_by_administrators(api: Api, alice: User, bob: User, dora: User) -> None:
    wish = {"kind": "node", "name": "small", "price": "3.5", "valid_from": "2099-01-01T00:00:00Z"}
    assert send(api(bob), "billing/rates", wish).status_code == 403
    made = send(api(dora), "billing/rates", wish)
    assert (made.status_code, made.json()["made_by"], made.json()["price"]) == (201, "dora", "3.500000")
    known = api(alice).get("/api/v1/billing/rates?kind=node").json()["results"]
    assert [row["price"] for row in known] == ["3.500000", "2.000000"]
    past = {**wish, "valid_from": "2026-01-01T00:00:00Z"}
    assert "only for the future" in problem(send(api(dora), "billing/rates", past))["detail"]
    assert send(api(dora), "billing/rates", {**past, "correcting": True, "memo": "forgotten"}).status_code == 201
    assert Entry.objects.filter(action="rate.add", actor="dora").count() == 2


def test_a_reprocessing_is_previewed_and_done(
    api: Api, course: Course, ready: Cluster, alice: User, dora: User
) -> None:
    use(ready.pk, "alice", 3)
    rates.add("dora", "node", "small", D(1), NOON, correcting=True, memo="wrong")
    body = {"start": NOON.isoformat(), "end": (NOON + timedelta(days=1)).isoformat(), "memo": "wrong"}
    assert send(api(dora), "billing/reprocess", {**body, "preview": True}).json() == {"charges": 3, "done": False}
    assert credit.standing("demo").spent == 6
    assert send(api(dora), "billing/reprocess", body).json() == {"charges": 3, "done": True}
    assert credit.standing("demo").spent == 3
    assert send(api(alice), "billing/reprocess", body).status_code == 403
    assert problem(send(api(dora), "billing/reprocess", {**body, "memo": ""}))["errors"] == {
        "memo": "a reprocessing says why"
    }
