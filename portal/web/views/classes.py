"""The pages about what is done for a whole class. Without JavaScript; what is going on is looked at again by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal.classes import previews, services
from portal.classes.models import ClassAction
from portal.classes.previews import Preview
from portal.clusters.models import Status
from portal.courses.models import Course
from portal.refusals import Conflict, Invalid, Unavailable
from portal.web.forms.classes import ClassForm, EndForm, ExtendForm, StartForm
from portal.web.views.asking import form_of, user_of

ACTIONS_SHOWN = 20


@login_required
@require_GET
def overview(request: HttpRequest, course_id: UUID) -> HttpResponse:
    return _page(request, services.led(user_of(request), course_id))


@form_of("class")
def start(request: HttpRequest, course_id: UUID) -> HttpResponse:
    course = services.led(user_of(request), course_id)
    form = StartForm(course, request.POST)
    return _answer(
        request,
        form,
        lambda: previews.of_start(course, form.wanted()),
        lambda: services.plan_start(user_of(request), course, form.wanted()),
    )


@form_of("class")
def extend(request: HttpRequest, course_id: UUID) -> HttpResponse:
    course = services.led(user_of(request), course_id)
    form = ExtendForm(course, request.POST)
    return _answer(
        request,
        form,
        lambda: previews.of_extension(course, form.cleaned_data["hours"]),
        lambda: services.extend_all(user_of(request), course, form.cleaned_data["hours"]),
    )


@form_of("class")
def end(request: HttpRequest, course_id: UUID) -> HttpResponse:
    course = services.led(user_of(request), course_id)
    form = EndForm(course, request.POST)
    return _answer(
        request,
        form,
        lambda: previews.of_end(course),
        lambda: services.end_all(user_of(request), course, form.cleaned_data["confirm"]),
    )


@login_required
@require_GET
def action(request: HttpRequest, course_id: UUID, action_id: UUID) -> HttpResponse:
    found = services.find(services.led(user_of(request), course_id), action_id)
    parts = list(services.parts_of(found))
    moving = any(part.made and part.made.status == Status.CREATING for part in parts)
    return render(request, "web/classes/action.html", {"action": found, "parts": parts, "moving": moving})


@form_of("class-action")
def cancel(request: HttpRequest, course_id: UUID, action_id: UUID) -> HttpResponse:
    course = services.led(user_of(request), course_id)
    services.cancel(user_of(request), services.find(course, action_id))
    return redirect("class-action", course_id, action_id)


def _answer(
    request: HttpRequest, form: ClassForm, look: Callable[[], Preview], act: Callable[[], ClassAction]
) -> HttpResponse:
    """The preview below the form that asked for it, or the page of what was begun."""
    if form.is_valid():
        try:
            if "preview" in request.POST:
                return _page(request, form.course, form, preview=look())
            return redirect("class-action", form.course.pk, act().pk)
        except (Invalid, Conflict, Unavailable) as refusal:
            form.refuse(refusal)
    return _page(request, form.course, form, status=422)


def _page(
    request: HttpRequest, course: Course, sent: ClassForm | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    kinds: dict[str, type[ClassForm]] = {"start": StartForm, "extend": ExtendForm, "end": EndForm}
    forms = {name: sent if isinstance(sent, kind) else kind(course) for name, kind in kinds.items()}
    asked = next((name for name, kind in kinds.items() if isinstance(sent, kind)), "")
    context = {"course": course, **forms, "asked": asked, "actions": services.actions_of(course)[:ACTIONS_SHOWN]}
    return render(request, "web/classes/overview.html", {**context, **more}, status=status)
