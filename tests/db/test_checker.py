"""The checker finds what the code and PostgreSQL's triggers do not let happen: here it is made to happen."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from billing import checker, ledger, metering, rates, rating, reprocessing
from billing.metering import full_hour
from billing.models import Meter, Transaction

BREAKS = {
    "do not add up to zero": "UPDATE billing_posting SET amount = amount + 0.000001 WHERE id = (SELECT max(id) FROM "
    "billing_posting)",
    "has no two postings": "DELETE FROM billing_posting WHERE id = (SELECT max(id) FROM billing_posting)",
    "all postings together": "UPDATE billing_posting SET amount = amount + 1 WHERE id = (SELECT min(id) FROM "
    "billing_posting)",
    "the balance of this account": "UPDATE billing_account SET balance = balance + 1 WHERE kind = 'student'",
    "was charged in all": "UPDATE billing_charged SET amount = amount + 1",
    "charged more than once": "INSERT INTO billing_transaction (key, kind, at, actor, memo, usage_id) SELECT 'again', "
    "'charge', at, '', '', usage_id FROM billing_transaction WHERE kind = 'charge' LIMIT 1",
    "is charged no more": "INSERT INTO billing_transaction (key, kind, at, actor, memo, usage_id, reverses_id) SELECT "
    "'undo', 'reversal', at, '', '', usage_id, id FROM billing_transaction AS t WHERE kind = 'charge' AND NOT EXISTS "
    "(SELECT FROM billing_transaction AS r WHERE r.reverses_id = t.id) LIMIT 1",
    "not charged after two hours": "INSERT INTO billing_usage (resource, subject, kind, name, quantity, course, "
    "person, hour, seconds, recorded_at) SELECT 'x', subject, kind, name, quantity, course, person, hour, seconds, "
    "now() - interval '3 hours' FROM billing_usage LIMIT 1",
    "not on the accounts of the one who used it": "UPDATE billing_usage SET person = 'somebody'",
    "not the exact opposite": "UPDATE billing_posting SET amount = amount * 2 WHERE transaction_id = (SELECT min(id) "
    "FROM billing_transaction WHERE kind = 'reversal')",
    "a reversal of nothing": "UPDATE billing_transaction SET reverses_id = NULL WHERE kind = 'reversal'",
    "not the time that it ran": "UPDATE billing_usage SET seconds = 7 WHERE id = (SELECT max(id) FROM billing_usage)",
}


@pytest.fixture(autouse=True)
def history() -> None:
    """A grant, three hours of a node, and a rate that was wrong."""
    hour = full_hour(timezone.now())
    rates.introduce("node", "small", Decimal(1), hour - timedelta(days=9))
    ledger.grant("dora", Decimal(50), course="demo")
    subject = uuid4()
    service = metering.Service(f"{subject}/master", Meter.Kind.NODE, "small")
    metering.began(subject, [service], hour - timedelta(hours=3), course="demo", person="alice")
    metering.measure(hour + metering.SETTLING)
    rating.rate()
    rates.add("dora", "node", "small", Decimal(2), hour - timedelta(hours=2), correcting=True, memo="wrong")
    reprocessing.reprocess("dora", hour - timedelta(hours=9), hour, "wrong")


@pytest.fixture
def broken(request: pytest.FixtureRequest) -> Iterator[None]:
    """As the statement leaves it; undone afterwards, the triggers' absence too."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("posting", "transaction", "usage"):
            cursor.execute(f"ALTER TABLE billing_{table} DISABLE TRIGGER USER")
        cursor.execute(request.param)
        assert cursor.rowcount > 0
        yield
        transaction.set_rollback(True)


def test_what_the_portal_writes_is_sound() -> None:
    assert Transaction.objects.filter(kind="reversal").count() == 2
    assert checker.faults() == []
    out = io.StringIO()
    call_command("audit_ledger", stdout=out)
    assert "The ledger is sound: 8 transactions, 16 postings, 3 hours of usage, 4 accounts." in out.getvalue()


@pytest.mark.parametrize(("words", "broken"), BREAKS.items(), indirect=["broken"], ids=list(BREAKS))
def test_each_fault_is_found(words: str, broken: None) -> None:
    assert any(words in fault for fault in checker.faults()), checker.faults()
    with pytest.raises(CommandError, match="not sound"):
        call_command("audit_ledger", stdout=io.StringIO())


def test_every_fault_that_is_looked_for_is_made_here() -> None:
    assert len(BREAKS) == len(checker.FAULTS)
