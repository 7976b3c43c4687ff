"""What administrators do with prices."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing import rates, reprocessing
from billing.models import Rate
from portal.accounts.models import User
from portal.courses.rights import Deed
from portal.credits.words import refusing, require
from portal.locks import try_transaction_lock
from portal.refusals import Conflict
from portal.trail.services import record


@transaction.atomic
def add_rate(
    actor: User, kind: str, name: str, price: Decimal, valid_from: datetime, *, correcting: bool = False, memo: str = ""
) -> Rate:
    """Raises NotAllowed, Invalid."""
    require(actor, Deed.CHANGE_RATES)
    with refusing():
        rate = rates.add(actor.username, kind, name, price, valid_from, correcting=correcting, memo=memo)
    record_rate(actor, rate)
    return rate


def record_rate(actor: User | None, rate: Rate) -> None:
    said = {"price": str(rate.price), "valid_from": rate.valid_from.isoformat()}
    after = {**said, "correcting": rate.correcting, "memo": rate.memo}
    record(actor, "rate.add", rate.pk, name=f"{rate.kind} {rate.name}".strip(), after=after)


def differing(actor: User, start: datetime, end: datetime) -> int:
    """How many charges a reprocessing would set right. Raises NotAllowed, Invalid."""
    require(actor, Deed.CHANGE_RATES)
    with refusing():
        return reprocessing.differing(start, end)


def reprocess(actor: User, start: datetime, end: datetime, memo: str) -> int:
    """How many it has set right. Raises NotAllowed, Invalid, Conflict."""
    require(actor, Deed.CHANGE_RATES)
    with transaction.atomic(), refusing():
        if not try_transaction_lock("reprocessing"):
            raise Conflict("Charges are being set right at this moment.", "Wait a minute, and look what still differs.")
        number = reprocessing.reprocess(actor.username, start, end, memo)
        after = {"start": start.isoformat(), "end": end.isoformat(), "memo": memo, "charges": number}
        record(actor, "billing.reprocess", f"{start:%Y-%m-%d %H:%M}", after=after)
    return number
