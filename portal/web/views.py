"""The pages. Without JavaScript each works by reloading; with it, fragments are pushed as things change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal import live
from portal.accounts.models import User
from portal.clusters import resizing
from portal.clusters import services as clusters
from portal.clusters.models import Cluster, Status
from portal.jobs import files as job_files
from portal.jobs import services as jobs
from portal.refusals import Conflict, Invalid, StaleForm
from portal.web import fragments
from portal.web.folder_forms import FolderUsesForm
from portal.web.forms import CreateForm, LogInForm
from portal.web.streams import stream

OTHERS_SHOWN = 200  # on the home page of a teacher
JOB_FIELDS = {"application": "Program", "arguments": "Arguments", "files": "Input files"}
Action = Callable[..., HttpResponse]


class LogIn(LoginView):
    template_name = "web/log_in.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


def number_in(text: str) -> int:
    """What was typed as a number; 0, which nothing may be, where it is none or longer than any that could be meant."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def form_of(page: str) -> Callable[[Action], Action]:
    """For what the forms of a page are sent to. Who comes by another way than by pressing the button, as after a log-in
    on the way or by a reload, is led to the page."""

    def decorate(action: Action) -> Action:
        @wraps(action)
        def answer(request: HttpRequest, **named: Any) -> HttpResponse:
            return action(request, **named) if request.method == "POST" else redirect(reverse(page, kwargs=named))

        return login_required(answer)

    return decorate


def stale_form(request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG001
    """Django's CSRF_FAILURE_VIEW: mostly a page from before the last log-in."""
    return render(request, "web/refusal.html", {"refusal": StaleForm()}, status=StaleForm.status)


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    visible = clusters.visible_to(user).exclude(status=Status.DELETED)
    mine = [fragments.cluster_row(cluster) for cluster in visible.filter(owner=user)]
    others = [fragments.cluster_row(cluster) for cluster in visible.exclude(owner=user)[:OTHERS_SHOWN]]
    forms = {"form": CreateForm(user), "uses": FolderUsesForm(user)}
    context = {"mine": mine, "others": others, **forms, "moving": any(row["moving"] for row in mine)}
    return render(request, "web/home.html", context)


@form_of("home")
def create(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form, uses = CreateForm(user, request.POST), FolderUsesForm(user, request.POST)
    if form.is_valid():
        try:
            return redirect("cluster", clusters.create(user, replace(form.wish(), folders=uses.uses())).pk)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return render(request, "web/create.html", {"form": form, "uses": uses}, status=422)


@login_required
@require_GET
def cluster(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    return render(request, "web/cluster.html", fragments.cluster_context(user_of(request), cluster_id))


@require_GET
async def cluster_live(request: HttpRequest, cluster_id: UUID) -> HttpResponseBase:
    return await stream(request, (live.cluster_topic(cluster_id),), fragments.cluster_fragment, cluster_id)


@form_of("cluster")
def delete(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    clusters.delete(clusters.owned(user_of(request), cluster_id))
    return redirect("cluster", cluster_id)


@form_of("cluster")
def resize(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    number, remove = request.POST.get("workers", ""), request.POST.getlist("remove")
    wish: dict[str, Any] = {"remove": remove} if remove else {"workers": number_in(number)}
    return _changed(request, cluster_id, partial(resizing.resize, **wish))


@form_of("cluster")
def repair(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    return _changed(request, cluster_id, resizing.repair)


def _changed(request: HttpRequest, cluster_id: UUID, change: Callable[[Cluster], None]) -> HttpResponse:
    found = clusters.owned(user_of(request), cluster_id)
    try:
        change(found)
    except (Invalid, Conflict) as refusal:
        messages.error(request, f"{refusal.detail} {refusal.next}")
    return redirect("cluster", cluster_id)


@form_of("cluster")
def submit(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    user = user_of(request)
    arguments = [line for line in request.POST.get("arguments", "").splitlines() if line.strip()]
    try:
        found = clusters.owned(user, cluster_id)
        application = request.FILES.get("application")
        return redirect("job", jobs.submit(user, found, application, arguments, request.FILES.getlist("files")).pk)
    except (Invalid, Conflict) as refusal:
        faults = [f"{JOB_FIELDS[name]}: {why}." for name, why in refusal.fields.items() if name in JOB_FIELDS]
        messages.error(request, " ".join(faults) or f"{refusal.detail} {refusal.next}")
        return redirect("cluster", cluster_id)


@login_required
@require_GET
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    return render(request, "web/job.html", fragments.job_context(user_of(request), job_id))


@require_GET
async def job_live(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    return await stream(request, (live.job_topic(job_id),), fragments.job_fragment, job_id)


@login_required
@require_GET
def job_log(request: HttpRequest, job_id: UUID) -> HttpResponse:
    return job_files.log_response(jobs.find(user_of(request), job_id))


@login_required
@require_GET
def job_output(request: HttpRequest, job_id: UUID, path: str) -> HttpResponseBase:
    return job_files.output_response(jobs.find(user_of(request), job_id), path)
