"""The page of a course's limits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal.clusters.accounting import standing
from portal.courses import limit_changes, services
from portal.courses.limits import TITLES, default_limits, exceptions_of, limits_of
from portal.courses.models import Course
from portal.courses.rights import Deed
from portal.refusals import Conflict, Invalid, NotFound
from portal.web.forms.courses import ExceptionForm, LimitsForm
from portal.web.views.asking import form_of, user_of

PAGE = "web/courses/limits.html"


@login_required
@require_GET
def limits(request: HttpRequest, course_id: UUID) -> HttpResponse:
    course = services.permitted(user_of(request), course_id, Deed.SEE_ROSTER)
    return render(request, PAGE, _context(request, course))


@form_of("limits")
def change(request: HttpRequest, course_id: UUID) -> HttpResponse:
    user = user_of(request)
    course = services.permitted(user, course_id, Deed.CHANGE_LIMITS)
    whole, each = LimitsForm(request.POST, prefix="course"), LimitsForm(request.POST, prefix="each")
    if whole.is_valid() and each.is_valid():
        try:
            limit_changes.set_limits(user, course_id, whole.cleaned_data, each.cleaned_data)
            messages.success(request, "The limits are set. What is over them goes on until its end.")
            return redirect("limits", course_id)
        except (Invalid, Conflict) as refusal:
            whole.refuse(refusal)
            each.refuse(refusal)
    return render(request, PAGE, {**_context(request, course), "whole": whole, "each": each}, status=422)


@form_of("limits")
def except_one(request: HttpRequest, course_id: UUID) -> HttpResponse:
    user = user_of(request)
    course = services.permitted(user, course_id, Deed.CHANGE_LIMITS)
    form = ExceptionForm(exceptions_of(course), request.POST)
    if form.is_valid():
        name = form.cleaned_data["username"]
        try:
            limit_changes.set_exception(user, course_id, name, form.values())
            return redirect("limits", course_id)
        except (Invalid, Conflict) as refusal:
            form.add_error("value" if refusal.fields else None, " ".join(refusal.fields.values()) or refusal.detail)
        except NotFound:
            form.add_error("username", "is not in this course")
    return render(request, PAGE, {**_context(request, course), "exception": form}, status=422)


@form_of("limits")
def as_others(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """The student has no exception any more."""
    limit_changes.remove_exception(user_of(request), course_id, request.POST.get("username", ""))
    return redirect("limits", course_id)


def _context(request: HttpRequest, course: Course) -> dict[str, Any]:
    exceptions = exceptions_of(course)
    return {
        "course": course,
        "may_change": Deed.CHANGE_LIMITS in services.deeds(user_of(request), course),
        "whole": LimitsForm.of(limits_of(course), "course"),
        "each": LimitsForm.of(default_limits(course), "each"),
        "exception": ExceptionForm(exceptions),
        "exceptions": {
            name: [(TITLES[limit], value) for limit, value in values.items()] for name, values in exceptions.items()
        },
        "over": standing.over(course),
    }
