"""A wrong rate is set right by entries that are added."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import rates, reprocessing
from billing.errors import Wrong
from billing.models import Posting, Transaction
from portal.clusters.models import Cluster
from tests.db.metering import HOUR, START, At, D, at, prices, running, spent

__all__ = ["at", "prices", "running"]


def test_a_wrong_rate_is_set_right_by_reversals_and_new_charges(running: Cluster, at: At) -> None:
    at(START + 2 * HOUR + timedelta(minutes=15))
    charges = list(Transaction.objects.order_by("id").values())
    postings = list(Posting.objects.order_by("id").values())
    ten = START.replace(hour=10, minute=0)
    rates.add("dora", "node", "small", D("1.8"), ten, correcting=True, memo="typed wrongly")
    assert reprocessing.differing(START, START + 9 * HOUR) == 6
    assert spent() == 3 * D("7.8")
    assert reprocessing.reprocess("dora", START, START + 9 * HOUR, "typed wrongly") == 6
    assert reprocessing.reprocess("dora", START, START + 9 * HOUR, "typed wrongly") == 0
    assert spent() == 3 * D("0.6") + 3 * 2 * D("1.8")
    assert list(Transaction.objects.order_by("id").values())[: len(charges)] == charges
    assert list(Posting.objects.order_by("id").values())[: len(postings)] == postings
    reversals = Transaction.objects.filter(kind="reversal")
    assert {each.actor for each in reversals} == {"dora"}
    assert all(each.usage_id == each.reverses.usage_id for each in reversals.select_related("reverses"))
    at(START + 3 * HOUR)  # what was charged anew is not charged once more
    assert Transaction.objects.filter(kind="charge").count() == sum(each["kind"] == "charge" for each in charges) + 6
    rates.add("dora", "node", "small", D("3.6"), ten, correcting=True, memo="it was right")
    assert reprocessing.reprocess("dora", ten, ten + HOUR, "it was right") == 3
    assert spent() == 3 * D("4.2") + 3 * D("1.8")


def test_a_reprocessing_says_why_and_when(at: At) -> None:
    with pytest.raises(Wrong, match="memo"):
        reprocessing.reprocess("dora", START, START + HOUR, " ")
    with pytest.raises(Wrong, match="end"):
        reprocessing.reprocess("dora", START, START, "why not")
