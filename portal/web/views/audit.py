"""The pages of what teachers and administrators look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.audit import deliveries
from portal.audit import shares as auditing_shares
from portal.audit import stacks as auditing
from portal.audit import trail as reading
from portal.audit.administrators import require
from portal.audit.trail import Filter
from portal.courses.models import Course
from portal.courses.rights import Deed
from portal.web.forms.audit import ComparisonForm, StackForm, TrailForm
from portal.web.views.asking import user_of

ENTRIES_SHOWN = 50
UNDELIVERED_SHOWN = 50  # of each kind
COURSES_SHOWN = 20  # each costs a request to the cloud


@login_required
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    form = TrailForm(request.GET)
    valid = form.is_valid()
    found = reading.entries(user_of(request), form.filter() if valid else Filter())
    if not valid:
        return render(request, "web/audit/trail.html", {"form": form}, status=422)
    rows, older = reading.page(found, form.cleaned_data["before"], ENTRIES_SHOWN)
    kept = request.GET.copy()
    kept["before"] = str(older or "")
    context = {
        "form": form,
        "rows": [(row, reading.changed(row)) for row in rows],
        "older": kept.urlencode() if older else "",
    }
    return render(request, "web/audit/trail.html", context)


@login_required
@require_GET
def stacks(request: HttpRequest) -> HttpResponse:
    return _compared(request, auditing.reports, "web/audit/stacks.html")


@login_required
@require_GET
def shares(request: HttpRequest) -> HttpResponse:
    return _compared(request, auditing_shares.reports, "web/audit/shares.html")


def _compared(
    request: HttpRequest, reports: Callable[[Sequence[Course]], Sequence[Any]], template: str
) -> HttpResponse:
    """What the cloud has beside what the portal believes, of so many courses."""
    require(user_of(request), Deed.SEE_STACKS)
    form = ComparisonForm(request.GET)
    if not form.is_valid():
        return render(request, template, {"form": form}, status=422)
    found = list(form.courses()[: COURSES_SHOWN + 1])
    further = request.GET.copy()
    further["after"] = found[COURSES_SHOWN - 1].name if len(found) > COURSES_SHOWN else ""
    context = {
        "form": form,
        "reports": [
            (report, [row for row in report.rows if form.shows(row)]) for report in reports(found[:COURSES_SHOWN])
        ],
        "further": further.urlencode() if further["after"] else "",
    }
    return render(request, template, context)


@login_required
@require_GET
def stack(request: HttpRequest, stack_id: UUID) -> HttpResponse:
    require(user_of(request), Deed.SEE_STACKS)
    form = StackForm(request.GET)
    course = form.cleaned_data["course"] if form.is_valid() else None
    inside = auditing.look_into(stack_id, course)
    return render(request, "web/audit/stack.html", {"inside": inside, "row": inside.row})


@login_required
@require_GET
def undelivered(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    letters, notices = deliveries.letters(user), deliveries.notices(user)
    context = {"letters": letters[:UNDELIVERED_SHOWN], "notices": notices[:UNDELIVERED_SHOWN]}
    return render(request, "web/audit/undelivered.html", context)
