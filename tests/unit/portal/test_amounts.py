"""Amounts as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.web.templatetags.credits import exact


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("1234567.500000"), "1,234,567.50"), (Decimal("0.000125"), "0.000125"), (Decimal("36.000000"), "36.00"),
        ("-43.200000", "-43.20"), ("2.468333", "2.468333"), ("3", "3"), ("", ""),
    ],
)  # fmt: skip
def test_nothing_of_an_amount_is_rounded_away(amount: Decimal | str, shown: str) -> None:
    assert exact(amount) == shown
