"""The pages about folders."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal import live
from portal.accounts.models import User
from portal.folders import services as folders
from portal.refusals import Conflict, Invalid, Unavailable
from portal.web import fragments
from portal.web.forms.folders import FolderForm
from portal.web.streams import stream
from portal.web.views.asking import form_of, number_in, user_of

ALL = UUID(int=0)  # of the list, which has no subject of its own


async def _topics(request: HttpRequest) -> tuple[str, ...]:
    """Of the folders that the person may see; who is put on a roster meanwhile hears of it with the next stream."""
    user = await request.auser()
    return await live.ask(folders.topics, user) if isinstance(user, User) else ()


@login_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    context = {**fragments.folders_context(user), "form": FolderForm(user)}
    return render(request, "web/folders.html", context)


@require_GET
async def listing_live(request: HttpRequest) -> HttpResponseBase:
    return await stream(request, await _topics(request), fragments.folders_fragment, ALL)


@form_of("folders")
def make(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = FolderForm(user, request.POST)
    if form.is_valid():
        try:
            return redirect("folder", folders.create(user, form.wish()).pk)
        except (Invalid, Conflict, Unavailable) as refusal:
            form.refuse(refusal)
    return render(request, "web/folders.html", {**fragments.folders_context(user), "form": form}, status=422)


@login_required
@require_GET
def folder(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    return render(request, "web/folder.html", fragments.folder_context(user_of(request), folder_id))


@require_GET
async def folder_live(request: HttpRequest, folder_id: UUID) -> HttpResponseBase:
    return await stream(request, await _topics(request), fragments.folder_fragment, folder_id)


@form_of("folder")
def grow(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    size = request.POST.get("size_gb", "")
    try:
        folders.grow(user_of(request), folder_id, number_in(size))
    except (Invalid, Conflict) as refusal:
        why = refusal.fields.get("size_gb")
        messages.error(request, f"Size: {why}." if why else f"{refusal.detail} {refusal.next}")
    return redirect("folder", folder_id)


@form_of("folder")
def delete(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    try:
        folders.delete(user_of(request), folder_id)
    except Conflict as refusal:
        messages.error(request, f"{refusal.detail} {refusal.next}")
    return redirect("folder", folder_id)
