"""What things cost, who has credits, what was spent. Credits are decimal texts, such as "12.500000"."""

from __future__ import annotations

import os
from pathlib import Path

from ..download import keep
from ..transport import Json, pieces, segment
from .base import Calls, said


class Billing(Calls):
    def rates(self) -> list[Json]:
        """All there ever were, and those to come; the latest first."""
        return self._portal.pages("billing/rates")

    def set_price(
        self, kind: str, name: str, price: str, valid_from: str, memo: str = "", *, correcting: bool = False
    ) -> Json:
        """`kind` is node, gpu or storage; `name` a flavor or a type of share. `correcting`: it holds for the past."""
        body: Json = {"kind": kind, "name": name, "price": price, "valid_from": valid_from}
        return self._portal.json("POST", "billing/rates", {**body, "correcting": correcting, "memo": memo})

    def reprocess(self, start: str, end: str, memo: str = "", *, preview: bool = False) -> Json:
        """Reverse what was charged by a wrong rate and charge it anew: {"charges": how many, "done"}."""
        body: Json = {"start": start, "end": end, "memo": memo, "preview": preview}
        return self._portal.json("POST", "billing/reprocess", body)

    def budgets(self) -> list[Json]:
        """Of all teachers for administrators, else one's own."""
        return self._portal.pages("billing/budgets")

    def give_budget(self, person: str, amount: str, memo: str = "") -> Json:
        return self._portal.json("POST", "billing/budgets", {"person": person, "amount": amount, "memo": memo})

    def credits(self, course_id: str) -> Json:
        """{"standing": what a course was given, spent, holds and has left, "people": what each of them drew}."""
        return self._portal.json("GET", f"courses/{segment(course_id)}/credits")

    def give_credits(self, course_id: str, amount: str, memo: str = "", out_of: str = "") -> Json:
        """`out_of`: "new" by administrators, "budget" one's own."""
        body: Json = {"amount": amount, "memo": memo, **said(out_of=out_of)}
        return self._portal.json("POST", f"courses/{segment(course_id)}/credits", body)

    def correct_charges(self, course_id: str, person: str, amount: str, memo: str) -> Json:
        """Give a person back so much of what they were charged; a negative amount takes more."""
        body: Json = {"person": person, "amount": amount, "memo": memo}
        return self._portal.json("POST", f"courses/{segment(course_id)}/corrections", body)

    def statement(self, course_id: str, month: str = "", person: str = "") -> Json:
        """`month` as 2026-11; without it the present one."""
        filters = said(course=course_id, month=month, person=person)
        return self._portal.json("GET", "billing/statements", params=filters)

    def download_statement(
        self, course_id: str, form: str, destination: str | os.PathLike[str], month: str = "", person: str = ""
    ) -> int:
        """As a file, `form` is csv or pdf; its size in bytes."""
        filters = said(course=course_id, month=month, person=person, format=form)
        with self._portal.stream("billing/statements", filters) as response:
            return keep(pieces(response), Path(destination))
