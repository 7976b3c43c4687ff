"""The pages of what teachers and administrators look at."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.audit import deliveries
from portal.audit import stacks as auditing
from portal.audit import trail as reading
from portal.audit.administrators import require
from portal.audit.trail import Filter
from portal.courses.rights import Deed
from portal.web.forms.audit import StackForm, StacksForm, TrailForm
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
    require(user_of(request), Deed.SEE_STACKS)
    form = StacksForm(request.GET)
    if not form.is_valid():
        return render(request, "web/audit/stacks.html", {"form": form}, status=422)
    found = list(form.courses()[: COURSES_SHOWN + 1])
    reports = auditing.reports(found[:COURSES_SHOWN])
    further = request.GET.copy()
    further["after"] = found[COURSES_SHOWN - 1].name if len(found) > COURSES_SHOWN else ""
    context = {
        "form": form,
        "reports": [(report, [row for row in report.rows if form.shows(row)]) for report in reports],
        "further": further.urlencode() if further["after"] else "",
    }
    return render(request, "web/audit/stacks.html", context)


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
