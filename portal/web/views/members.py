"""The pages about who is in a course."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal.clusters import members as leaving
from portal.courses import members, roster, services
from portal.courses.models import Course, Role
from portal.courses.rights import Deed
from portal.refusals import Conflict, Invalid
from portal.web.forms.courses import GroupForm, ListForm, MemberForm
from portal.web.views.asking import form_of, number_in, user_of

SHOWN = 250  # on one page


@login_required
@require_GET
def listing(request: HttpRequest, course_id: UUID) -> HttpResponse:
    course = services.permitted(user_of(request), course_id, Deed.SEE_ROSTER)
    return render(request, "web/courses/roster.html", _context(request, course))


@form_of("roster")
def add(request: HttpRequest, course_id: UUID) -> HttpResponse:
    user = user_of(request)
    course = services.permitted(user, course_id, Deed.CHANGE_ROSTER)
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            members.add(user, course_id, form.cleaned_data["username"], Role(form.cleaned_data["role"]))
            return redirect("roster", course_id)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return render(request, "web/courses/roster.html", {**_context(request, course), "member": form}, status=422)


@login_required
def member(request: HttpRequest, course_id: UUID, username: str) -> HttpResponse:
    """What is theirs, before they are removed or have another role."""
    user = user_of(request)
    course = services.permitted(user, course_id, Deed.CHANGE_ROSTER)
    found = members.find(course, username)
    if request.method == "POST":
        try:
            if "remove" in request.POST:
                leaving.remove(user, course_id, username, end_clusters="end_clusters" in request.POST)
            else:
                members.change_role(user, course_id, username, _role(request))
            return redirect("roster", course_id)
        except (Invalid, Conflict) as refusal:
            messages.error(request, f"{refusal.detail} {refusal.next}")
            return redirect("member", course_id, username)
    left = leaving.present_clusters(course, [username])
    context = {"course": course, "member": found, "clusters": left, "roles": Role.choices}
    return render(request, "web/courses/member.html", context)


def _role(request: HttpRequest) -> Role:
    try:
        return Role(request.POST.get("role", ""))
    except ValueError:
        raise Invalid.of({"role": f"must be one of {', '.join(Role)}"}) from None


@form_of("roster")
def bring(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """A list is first shown with what it would change; the same list comes again to be applied."""
    user = user_of(request)
    course = services.permitted(user, course_id, Deed.CHANGE_ROSTER)
    form = ListForm(request.POST, request.FILES)
    try:
        form.is_valid()
        upload = request.FILES.get("file")
        text = roster.decoded(upload.read(roster.MOST_BYTES + 1)) if upload else form.cleaned_data.get("csv", "")
        return _brought(request, course, text)
    except (Invalid, Conflict) as refusal:
        context = {**_context(request, course), "list": form, "faults": _faults(refusal)}
        return render(request, "web/courses/roster.html", context, status=422)


@form_of("roster")
def group(request: HttpRequest, course_id: UUID) -> HttpResponse:
    course = services.permitted(user_of(request), course_id, Deed.CHANGE_ROSTER)
    form = GroupForm(request.POST)
    if form.is_valid():
        try:
            lines = members.of_group(form.cleaned_data["group"], Role(form.cleaned_data["role"]))
            return _brought(request, course, roster.written(lines))
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return render(request, "web/courses/roster.html", {**_context(request, course), "group": form}, status=422)


def _brought(request: HttpRequest, course: Course, text: str) -> HttpResponse:
    user, remove_others = user_of(request), "remove_others" in request.POST
    _, plan = members.preview(user, course.pk, roster.read(text), remove_others=remove_others)
    if "apply" in request.POST:
        leaving.bring(user, course, plan, end_clusters="end_clusters" in request.POST)
        messages.success(request, f"{len(plan.added)} added, {len(plan.changed)} changed, {len(plan.removed)} removed.")
        return redirect("roster", course.pk)
    left = leaving.present_clusters(course, plan.removed)
    context = {"course": course, "plan": plan, "csv": text, "remove_others": remove_others, "clusters": left}
    return render(request, "web/courses/preview.html", context)


def _faults(refusal: Invalid | Conflict) -> list[str]:
    named = [(name.removeprefix("csv").lstrip("."), why) for name, why in refusal.fields.items()]
    return [f"Line {line}: {why}" if line else why for line, why in named] or [f"{refusal.detail} {refusal.next}"]


def _context(request: HttpRequest, course: Course) -> dict[str, Any]:
    page = Paginator(leaving.roster(course), SHOWN).get_page(number_in(request.GET.get("page", "")) or 1)
    deeds = services.deeds(user_of(request), course)
    return {
        "course": course,
        "page": page,
        "members": leaving.described(course, page.object_list),
        "may_change": Deed.CHANGE_ROSTER in deeds,
        "member": MemberForm(),
        "list": ListForm(),
        "group": GroupForm(),
    }
