"""The ledger: what PostgreSQL refuses, where credits come from, what is left of them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from tempfile import NamedTemporaryFile
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import credit, holds, ledger, prices, rates
from billing.errors import NotPossible, Wrong
from billing.models import Account, Hold, Posting, Rate, Transaction

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
D = Decimal


def balance(kind: Account.Kind, course: str = "", person: str = "") -> Decimal:
    return ledger.account(kind, course, person).balance


def spend(amount: str, person: str = "alice", course: str = "demo") -> int:
    """As a charge does."""
    drawn, used = ledger.account(Account.Kind.STUDENT, course, person), ledger.account(Account.Kind.USAGE, course)
    return ledger.book(Transaction.Kind.CHARGE, [(drawn, -D(amount)), (used, D(amount))], "", "")


def test_a_grant_is_credits_out_of_nothing_and_the_ledger_knows_how_many() -> None:
    ledger.grant("dora", D(1000), course="demo")
    assert balance(Account.Kind.COURSE, "demo") == 1000
    assert balance(Account.Kind.ISSUED) == -1000


def test_a_teacher_gives_a_course_what_the_budget_has_and_no_more() -> None:
    ledger.grant("dora", D(100), person="bob")
    ledger.transfer("bob", D(60), person="bob", course="demo")
    assert (balance(Account.Kind.BUDGET, person="bob"), balance(Account.Kind.COURSE, "demo")) == (40, 60)
    with pytest.raises(NotPossible, match=r"40 credits"):
        ledger.transfer("bob", D("40.000001"), person="bob", course="demo")
    assert (balance(Account.Kind.BUDGET, person="bob"), balance(Account.Kind.COURSE, "demo")) == (40, 60)


def test_what_is_told_twice_is_booked_once() -> None:
    first = ledger.grant("dora", D(100), person="bob", key="order-7")
    assert ledger.grant("dora", D(100), person="bob", key="order-7") == first
    moved = ledger.transfer("bob", D(60), person="bob", course="demo", key="order-8")
    assert ledger.transfer("bob", D(60), person="bob", course="demo", key="order-8") == moved
    assert balance(Account.Kind.BUDGET, person="bob") == 40


def test_a_reversal_is_exact_and_comes_once() -> None:
    number = ledger.grant("dora", D("12.345678"), course="demo")
    undone = ledger.reverse("dora", number, "the wrong course")
    assert ledger.reverse("dora", number, "again") == undone
    assert balance(Account.Kind.COURSE, "demo") == balance(Account.Kind.ISSUED) == 0
    with pytest.raises(NotPossible, match="itself a reversal"):
        ledger.reverse("dora", undone, "no")


def test_a_budget_that_was_spent_cannot_be_taken_back() -> None:
    number = ledger.grant("dora", D(100), person="bob")
    ledger.transfer("bob", D(60), person="bob", course="demo")
    with pytest.raises(NotPossible, match=r"only 40 credits"):
        ledger.reverse("dora", number, "a mistake")


def test_a_correction_gives_back_what_was_spent() -> None:
    ledger.grant("dora", D(100), course="demo")
    spend("30")
    ledger.correct("dora", D(10), course="demo", person="alice", memo="the storage was down")
    assert credit.standing("demo").remaining == 80
    with pytest.raises(Wrong, match="says why"):
        ledger.correct("dora", D(10), course="demo", person="alice", memo=" ")


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1e30", "0.0000001"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(Wrong, match="amount"):
        ledger.grant("dora", D(amount), course="demo")
    assert not Transaction.objects.exists()


def test_postgresql_refuses_postings_that_do_not_add_up() -> None:
    drawn, used = ledger.account(Account.Kind.STUDENT, "demo", "alice"), ledger.account(Account.Kind.USAGE, "demo")
    with pytest.raises(IntegrityError, match="add up to zero"), transaction.atomic():
        ledger.book(Transaction.Kind.CHARGE, [(drawn, D("-1.000001")), (used, D(1))], "", "")
    assert not Transaction.objects.exists()
    assert balance(Account.Kind.USAGE, "demo") == 0


DELETE: dict[type, str] = {
    Transaction: "DELETE FROM billing_transaction",
    Posting: "DELETE FROM billing_posting",
    Rate: "DELETE FROM billing_rate",
}


@pytest.mark.parametrize("table", DELETE)
def test_postgresql_refuses_to_change_what_is_written(table: type) -> None:
    ledger.grant("dora", D(1), course="demo")
    rates.introduce("node", "small", D(1), NOON)
    field = {"Transaction": "memo", "Posting": "amount", "Rate": "price"}[table.__name__]
    rows = table.objects.all()  # type: ignore[attr-defined]
    before = list(rows.values())
    assert before
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
        rows.update(**{field: 5})
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(DELETE[table])
    assert list(rows.values()) == before


def test_what_remains_is_what_is_neither_spent_nor_held() -> None:
    ledger.grant("dora", D(100), course="demo")
    later = timezone.now() + timedelta(hours=1)
    spend("10")
    spend("5", "ann")
    holds.place(uuid4(), "demo", "alice", D(20), later)
    holds.place(uuid4(), "demo", "ann", D(7), later)
    holds.place(uuid4(), "demo", "ann", D(1000), timezone.now())  # it has expired
    holds.place(uuid4(), "other", "ann", D(1000), later)
    assert credit.standing("demo") == credit.Standing(D(100), D(15), D(27), D(58))
    assert credit.standing("demo", "ann") == credit.Standing(D(100), D(5), D(7), D(58))
    assert credit.standing("nowhere") == credit.Standing(D(0), D(0), D(0), D(0))
    assert credit.spending("demo") == {"alice": 10, "ann": 5}


def test_a_standing_is_one_query() -> None:
    with CaptureQueriesContext(connection) as captured:
        credit.standing("demo", "alice")
    assert len(captured) == 1


def test_a_hold_is_one_for_a_resource_and_goes_with_it() -> None:
    resource, later = uuid4(), timezone.now() + timedelta(hours=1)
    for amount in (5, 6):
        holds.place(resource, "demo", "alice", D(amount), later)
    assert credit.standing("demo").held == 6
    holds.change(resource, D(2))
    assert Hold.objects.get().expires_at == later
    holds.change(resource, D(3), later + timedelta(hours=1))
    assert credit.standing("demo").held == 3
    holds.release(resource)
    holds.release(resource)
    assert credit.standing("demo").held == 0


def test_whose_credits_go_to_their_end_is_told() -> None:
    ledger.grant("dora", D(100), course="demo")
    spend("70")
    spend("9", "ann")
    caps = {"alice": D(60), "ann": D(10), "carl": D(5), "dan": None}
    told = [(each.person, each.percent) for each in credit.exhausted("demo", caps)]
    assert told == [("alice", 116), ("ann", 90)]
    spend("1", "ann")
    whole, *_ = credit.exhausted("demo", caps)
    assert (whole.person, whole.percent) == ("", 80)
    assert credit.exhausted("other", {}) == []


@pytest.fixture
def card() -> None:
    """Small nodes get dearer at 13:00; medium ones are free."""
    rates.introduce("node", "small", D("1.5"), NOON - timedelta(days=30))
    Rate.objects.create(kind="node", name="small", price=D(3), valid_from=NOON + timedelta(hours=1))
    rates.introduce("gpu", "", D(10), NOON - timedelta(days=30))
    rates.introduce("storage", "nfs", D("0.73"), NOON - timedelta(days=30))


@pytest.mark.usefixtures("card")
def test_an_hour_costs_what_its_nodes_and_gpus_do() -> None:
    assert prices.hourly([("small", 0), ("small", 2), ("medium", 0)], NOON) == D("23")
    assert prices.hourly([("small", 0)], NOON + timedelta(hours=1)) == 3
    assert prices.hourly([("small", 0)], NOON - timedelta(days=31)) == 0


@pytest.mark.usefixtures("card")
def test_a_time_costs_what_each_of_its_hours_does() -> None:
    nodes = [("small", 0)] * 3
    assert prices.for_time(nodes, NOON, NOON + timedelta(hours=3)) == 3 * D("7.5")
    assert prices.for_time(nodes, NOON + timedelta(minutes=30), NOON + timedelta(hours=1)) == D("2.25")
    assert prices.for_time(nodes, NOON, NOON) == 0
    assert prices.for_time(nodes, NOON, NOON - timedelta(hours=3)) == 0
    assert prices.for_time([("small", 0)], NOON, NOON + timedelta(microseconds=1)) == 0


@pytest.mark.usefixtures("card")
def test_a_month_of_storage() -> None:
    assert prices.monthly("nfs", 100, NOON) == 73
    assert prices.monthly("ceph", 100, NOON) == 0


@pytest.mark.usefixtures("card")
def test_prices_change_only_for_the_future() -> None:
    hour = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    with pytest.raises(Wrong, match="only for the future"):
        rates.add("dora", "node", "small", D(1), hour)
    rates.add("dora", "node", "small", D(1), hour + timedelta(hours=1))
    assert prices.hourly([("small", 0)], hour + timedelta(hours=1)) == 1
    with pytest.raises(Wrong, match="says why"):
        rates.add("dora", "node", "small", D(1), hour, correcting=True)
    rates.add("dora", "node", "small", D(2), hour, correcting=True, memo="it was typed wrongly")
    assert prices.hourly([("small", 0)], hour) == 2


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("kind", {"kind": "cpu"}),
        ("name", {"name": ""}),
        ("name", {"kind": "gpu"}),
        ("price", {"price": D(-1)}),
        ("price", {"price": D("1000000.000001")}),
        ("price", {"price": D("0.0000001")}),
        ("price", {"price": D("NaN")}),
        ("valid_from", {"valid_from": datetime(2099, 1, 1, 12, 30, tzinfo=UTC)}),
    ],
)
def test_what_is_no_rate_is_refused(field: str, wrong: dict[str, object]) -> None:
    right = {"kind": "node", "name": "small", "price": D(1), "valid_from": datetime(2099, 1, 1, tzinfo=UTC)}
    with pytest.raises(Wrong) as refused:
        rates.add("dora", **{**right, **wrong})  # type: ignore[arg-type]
    assert refused.value.field == field


def import_rates(document: object) -> None:
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file)
        file.flush()
        call_command("import_rates", file.name, stdout=io.StringIO())


def test_first_prices_and_credits_are_imported_once() -> None:
    document = {
        "rates": [{"kind": "node", "name": "small", "price": "1"}],
        "grants": [{"course": "demo", "credits": "500"}],
    }
    import_rates(document)
    import_rates({**document, "rates": [{"kind": "node", "name": "small", "price": "2"}]})
    assert prices.hourly([("small", 0)], timezone.now()) == 1
    assert credit.standing("demo").granted == 500


@pytest.mark.parametrize(
    "rate", [{}, {"kind": "cpu", "name": "x", "price": "1"}, {"kind": "gpu", "name": "", "price": "x"}]
)
def test_a_wrong_document_imports_nothing(rate: dict[str, str]) -> None:
    right = {"kind": "node", "name": "small", "price": "1"}
    with pytest.raises(CommandError, match="no rates and grants"):
        import_rates({"rates": [right, rate], "grants": []})
    assert not Rate.objects.exists()
