"""What is pure: how amounts are rounded, where an hour begins, how much of what is allowed was spent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from billing.credit import Exhausted
from billing.metering import full_hour
from billing.prices import exact


@pytest.mark.parametrize(
    ("amount", "kept"), [("0.0000005", "0.000001"), ("0.00000049", "0"), ("2.5000004", "2.5"), ("12", "12")]
)
def test_amounts_are_kept_to_the_millionth_and_halves_go_up(amount: str, kept: str) -> None:
    assert exact(Decimal(amount)) == Decimal(kept)


def test_hours_are_those_of_utc() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert full_hour(datetime(2026, 11, 21, 15, 20, tzinfo=india)) == datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize(("spent", "allowed", "percent"), [("79.999", "100", 79), ("80", "100", 80), ("1", "0", 100)])
def test_a_share_is_rounded_down(spent: str, allowed: str, percent: int) -> None:
    assert Exhausted("alice", Decimal(spent), Decimal(allowed)).percent == percent
