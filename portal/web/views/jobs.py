"""The pages about jobs."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal import live
from portal.clusters import services as clusters
from portal.courses.rights import Deed
from portal.jobs import files as job_files
from portal.jobs import services as jobs
from portal.refusals import Conflict, Invalid
from portal.web import fragments
from portal.web.streams import stream
from portal.web.views.asking import form_of, user_of

JOB_FIELDS = {"application": "Program", "arguments": "Arguments", "files": "Input files"}


@form_of("cluster")
def submit(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    user = user_of(request)
    arguments = [line for line in request.POST.get("arguments", "").splitlines() if line.strip()]
    try:
        found = clusters.permitted(user, cluster_id, Deed.USE_CLUSTER)
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


@form_of("job")
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    try:
        jobs.cancel(user_of(request), job_id)
    except Conflict as refusal:
        messages.error(request, f"{refusal.detail} {refusal.next}")
    return redirect("job", job_id)


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
