"""Amounts as people read them."""

from __future__ import annotations

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def exact(amount: Decimal | str) -> str:
    """To the millionth where there is one, and at least to the hundredth: 1,234.50, 0.000125. What has no point counts
    things, and stays."""
    text = str(amount)
    if "." not in text:
        return text
    whole, _, part = f"{Decimal(text):,.6f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"
