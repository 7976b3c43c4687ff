"""The pages about the cluster profiles of a course."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal.clusters import profiles
from portal.courses import services
from portal.courses.models import Course
from portal.courses.rights import Deed
from portal.refusals import Conflict, Invalid
from portal.web.forms.profiles import ProfileForm
from portal.web.views.asking import form_of, user_of

PAGE = "web/courses/profiles.html"


@login_required
@require_GET
def listing(request: HttpRequest, course_id: UUID) -> HttpResponse:
    return render(request, PAGE, _context(request, services.find(user_of(request), course_id)))


@form_of("profiles")
def make(request: HttpRequest, course_id: UUID) -> HttpResponse:
    user = user_of(request)
    course = services.permitted(user, course_id, Deed.CHANGE_PROFILES)
    form = ProfileForm(user, request.POST)
    if form.is_valid():
        try:
            profiles.create(user, course_id, **form.given())
            return redirect("profiles", course_id)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return render(request, PAGE, {**_context(request, course), "form": form}, status=422)


@login_required
def change(request: HttpRequest, course_id: UUID, profile_id: UUID) -> HttpResponse:
    user = user_of(request)
    course = services.permitted(user, course_id, Deed.CHANGE_PROFILES)
    profile = profiles.find(user, course_id, profile_id)
    form = ProfileForm(user, request.POST or None, of=profile)
    if form.is_bound and form.is_valid():
        try:
            profiles.change(user, course_id, profile_id, form.given())
            return redirect("profiles", course_id)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    context = {"course": course, "profile": profile, "form": form}
    return render(request, "web/courses/profile.html", context, status=422 if form.is_bound else 200)


@form_of("profile")
def delete(request: HttpRequest, course_id: UUID, profile_id: UUID) -> HttpResponse:
    profiles.delete(user_of(request), course_id, profile_id)
    return redirect("profiles", course_id)


def _context(request: HttpRequest, course: Course) -> dict[str, Any]:
    user = user_of(request)
    may_change = Deed.CHANGE_PROFILES in services.deeds(user, course)
    shown = {"course": course, "profiles": course.profiles.all(), "may_change": may_change}
    return {**shown, "form": ProfileForm(user)} if may_change else shown
