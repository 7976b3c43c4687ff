"""The pages about courses: the list, one course, making, changing and archiving it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal.accounts.models import User
from portal.classes import previews
from portal.clusters.accounting import standing
from portal.courses import making
from portal.courses import services as courses
from portal.courses.limits import NAMES, TITLES, Figure, Limits, figure, limits_for, limits_of
from portal.courses.models import Course
from portal.courses.rights import Deed, may
from portal.refusals import Conflict, Invalid, NotFound
from portal.web.forms.courses import ArchiveForm, ChangesForm, CourseForm
from portal.web.views.asking import form_of, user_of


@login_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    return render(request, "web/courses/courses.html", _listed(user_of(request)))


@form_of("courses")
def make(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = CourseForm(request.POST, names_project=user.is_administrator)
    if form.is_valid():
        try:
            return redirect("course", making.create(user, form.wish()).pk)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return render(request, "web/courses/courses.html", {**_listed(user), "form": form}, status=422)


def _listed(user: User) -> dict[str, Any]:
    parts = courses.parts_of(user)
    return {
        "courses": courses.courses_where(user, Deed.SEE_COURSE),
        "form": CourseForm(names_project=user.is_administrator) if may(Deed.MAKE_COURSE, parts) else None,
        "makers": making.makers(user) if may(Deed.APPOINT, parts) else None,
    }


@form_of("courses")
def appoint(request: HttpRequest) -> HttpResponse:
    name, remove = request.POST.get("username", ""), request.POST.get("remove", "")
    try:
        making.appoint(user_of(request), remove or name, may_make_courses=not remove)
    except NotFound:
        messages.error(request, f"Nobody called {name!r} has ever logged in or is in a course.")
    return redirect("courses")


@login_required
@require_GET
def course(request: HttpRequest, course_id: UUID) -> HttpResponse:
    return render(request, "web/courses/course.html", _context(user_of(request), course_id))


@form_of("course")
def change(request: HttpRequest, course_id: UUID) -> HttpResponse:
    user = user_of(request)
    courses.permitted(user, course_id, Deed.CHANGE_COURSE)
    form = ChangesForm(request.POST)
    if form.is_valid():
        try:
            making.change(user, course_id, form.cleaned_data)
            return redirect("course", course_id)
        except Invalid as refusal:
            form.refuse(refusal)
    context = {**_context(user, course_id), "changes": form}
    return render(request, "web/courses/course.html", context, status=422)


@form_of("course")
def archive(request: HttpRequest, course_id: UUID) -> HttpResponse:
    user = user_of(request)
    courses.permitted(user, course_id, Deed.ARCHIVE_COURSE)
    form = ArchiveForm(request.POST)
    if form.is_valid():
        try:
            making.archive(user, course_id, **form.cleaned_data)
            return redirect("course", course_id)
        except Invalid as refusal:
            form.refuse(refusal)
    context = {**_context(user, course_id), "ending": form}
    return render(request, "web/courses/course.html", context, status=422)


def _would_end(course: Course) -> tuple[previews.Outcome, ...]:
    """With the course."""
    return () if course.is_archived else previews.of_end(course).outcomes


def _context(user: User, course_id: UUID) -> dict[str, Any]:
    found = courses.find(user, course_id)
    deeds = courses.deeds(user, found)
    leads = Deed.SEE_ROSTER in deeds
    return {
        "course": found,
        "may": {deed.name.lower() for deed in deeds},
        "mine": _figures(limits_for(found, user), standing.of_person(found, user)),
        "whole": _figures(limits_of(found), standing.of_course(found)) if leads else [],
        "over": standing.over(found) if leads else [],
        "would_end": _would_end(found) if Deed.ARCHIVE_COURSE in deeds else [],
        "profiles": found.profiles.all(),
        "changes": ChangesForm.of(found),
        "ending": ArchiveForm(),
    }


def _figures(limits: Limits, used: dict[str, Figure]) -> list[tuple[str, str, str]]:
    """Of each limit its title, what is used, and what it is; of what is used and not limited too."""
    bounds = limits.as_mapping()
    shown = [name for name in NAMES if bounds[name] is not None or used.get(name)]
    return [(TITLES[name], _figure(used.get(name), ""), _figure(bounds[name], "no limit")) for name in shown]


def _figure(value: Figure | None, nothing: str) -> str:
    return nothing if value is None else figure(round(Decimal(value), 2))
