"""First prices of things and first credits of courses, from a document of whoever runs the portal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing import ledger, rates
from billing.errors import Wrong
from billing.metering import full_hour
from billing.models import Rate, Transaction
from portal.courses.models import Course
from portal.credits import pricing
from portal.credits.giving import NEW
from portal.trail.services import record


@transaction.atomic
def import_first(document: dict[str, Any]) -> list[Rate]:
    """`{"rates": [{"kind", "name", "price"}], "grants": [{"course", "credits"}]}`; the rates that are new.

    What has a price keeps it, and a course gets its first grant once. Raises Wrong."""
    start = full_hour(timezone.now())
    added = [rates.introduce(each["kind"], each["name"], Decimal(each["price"]), start) for each in document["rates"]]
    introduced = [rate for rate in added if rate]
    for rate in introduced:
        pricing.record_rate(None, rate)
    for grant in document["grants"]:
        _grant_first(grant["course"], Decimal(grant["credits"]))
    return introduced


def _grant_first(name: str, amount: Decimal) -> None:
    key, memo = f"first-{name}", "the first grant"
    if Transaction.objects.filter(key=key).exists():
        return
    course = Course.objects.filter(name=name).first()
    if course is None:
        raise Wrong("course", f"there is no course {name!r}")
    ledger.grant("", amount, course=name, memo=memo, key=key)
    said = {"amount": str(amount), "out_of": NEW, "memo": memo}
    record(None, "course.credits", course.pk, name=course.title, course=name, after=said)
