"""The pages of what teachers and administrators look at."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.audit import trail as reading
from portal.audit.trail import Filter
from portal.web.forms.audit import TrailForm
from portal.web.views.asking import user_of

ENTRIES_SHOWN = 50


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
