"""A statement as a file to keep."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from portal.credits.pdf import as_pdf
from portal.credits.statement import Statement
from portal.credits.table import as_csv

FORMATS: dict[str, tuple[str, Callable[[Statement], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "pdf": ("application/pdf", as_pdf),
}


def as_file(made: Statement, form: str) -> HttpResponse:
    content_type, write = FORMATS[form]
    answer = HttpResponse(write(made), content_type=content_type)
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"{made.name}.{form}") or "attachment"
    return answer
