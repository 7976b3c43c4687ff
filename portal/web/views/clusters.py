"""The pages about clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal import live
from portal.clusters import profiles
from portal.clusters import services as clusters
from portal.clusters.accounting.quoting import quote
from portal.clusters.life import credit_warnings, lifetime, resizing
from portal.clusters.models import Cluster, Status
from portal.clusters.showing import shown, with_parts
from portal.clusters.wishes import Wish
from portal.courses.rights import Deed
from portal.refusals import Conflict, Invalid, Unavailable
from portal.web import as_call, fragments
from portal.web.forms.clusters import CreateForm
from portal.web.forms.folders import FolderUsesForm
from portal.web.streams import stream
from portal.web.views.asking import form_of, number_in, user_of

OTHERS_SHOWN = 200  # on the home page of a teacher


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    present = clusters.visible_to(user).exclude(status=Status.DELETED)
    rows = [present.filter(owner=user), present.exclude(owner=user)[:OTHERS_SHOWN]]
    mine, others = ([fragments.cluster_row(shown(each)) for each in with_parts(some)] for some in rows)
    form = CreateForm(user, profile=request.GET.get("profile", ""))
    forms = {"form": form, "uses": FolderUsesForm(user), "profiles": profiles.usable_by(user)}
    told = {"credit_warnings": credit_warnings.of_person(user)}
    context = {"mine": mine, "others": others, **forms, **told, "moving": any(row["moving"] for row in mine)}
    return render(request, "web/home.html", context)


@form_of("home")
def create(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form, uses = CreateForm(user, request.POST), FolderUsesForm(user, request.POST)
    calls: dict[str, str] = {}
    if form.is_valid():
        wish = replace(form.wish(), folders=uses.uses())
        try:
            return redirect("cluster", clusters.create(user, wish).pk)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
            calls = _calls(form, wish)
    return render(request, "web/create.html", {"form": form, "uses": uses, **calls}, status=422)


@form_of("home")
def price(request: HttpRequest) -> HttpResponse:
    """What the form asks for would cost; of a page that shows it while one types, only that part."""
    user = user_of(request)
    form, uses = CreateForm(user, request.POST), FolderUsesForm(user, request.POST)
    offer: dict[str, Any] = {"fault": "Fill in the fields to see the price."}
    if form.is_valid():
        wish = replace(form.wish(), folders=uses.uses())
        offer = {**_calls(form, wish)}
        try:
            offer["quote"] = quote(user, wish)
        except (Invalid, Conflict, Unavailable) as refusal:
            form.refuse(refusal)
            offer["fault"] = refusal.detail
    if "HX-Request" in request.headers:
        return render(request, "web/clusters/_price.html", offer)
    status = 422 if form.errors else 200
    return render(request, "web/create.html", {"form": form, "uses": uses, **offer}, status=status)


def _calls(form: CreateForm, wish: Wish) -> dict[str, str]:
    return as_call.of_wish(settings.PUBLIC_URL, wish, form.course_names[wish.course])


@login_required
@require_GET
def cluster(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    return render(request, "web/cluster.html", fragments.cluster_context(user_of(request), cluster_id))


@require_GET
async def cluster_live(request: HttpRequest, cluster_id: UUID) -> HttpResponseBase:
    return await stream(request, (live.cluster_topic(cluster_id),), fragments.cluster_fragment, cluster_id)


@form_of("cluster")
def delete(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    clusters.delete(user_of(request), clusters.permitted(user_of(request), cluster_id, Deed.END_CLUSTER))
    return redirect("cluster", cluster_id)


@form_of("cluster")
def extend(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    found = clusters.permitted(user_of(request), cluster_id, Deed.EXTEND_CLUSTER)
    try:
        lifetime.extend(user_of(request), found, number_in(request.POST.get("hours", "")))
    except (Invalid, Conflict) as refusal:
        messages.error(request, f"{refusal.detail} {refusal.next}")
    return redirect("cluster", cluster_id)


@form_of("cluster")
def resize(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    number, remove = request.POST.get("workers", ""), request.POST.getlist("remove")
    wish: dict[str, Any] = {"remove": remove} if remove else {"workers": number_in(number)}
    return _changed(request, cluster_id, partial(resizing.resize, user_of(request), **wish))


@form_of("cluster")
def repair(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    return _changed(request, cluster_id, partial(resizing.repair, user_of(request)))


def _changed(request: HttpRequest, cluster_id: UUID, change: Callable[[Cluster], None]) -> HttpResponse:
    found = clusters.permitted(user_of(request), cluster_id, Deed.CHANGE_CLUSTER)
    try:
        change(found)
    except (Invalid, Conflict) as refusal:
        messages.error(request, f"{refusal.detail} {refusal.next}")
    return redirect("cluster", cluster_id)
