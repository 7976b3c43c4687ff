"""The pages about tokens for programs: one's own, and those of service accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.accounts import tokens
from portal.accounts.models import User
from portal.accounts.tokens import TOKENS_EACH, Issued
from portal.refusals import Conflict, Invalid
from portal.web.forms.tokens import ServiceForm, TokenForm
from portal.web.views.asking import form_of, user_of

SHOWN = 2 * TOKENS_EACH  # all with a name, and the newest log-ins


@login_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    return _page(request, user_of(request))


@never_cache
@form_of("tokens")
def make(request: HttpRequest) -> HttpResponse:
    return _make(request, user_of(request))


@login_required
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Who comes by another way than the button, as after a log-in on the way, is led to the list."""
    if request.method != "POST":
        return redirect("tokens")
    token = tokens.revoke(user_of(request), token_id)
    messages.info(request, f"The token {token.name} is no longer good for anything.")
    return redirect("service-account", token.user.username) if token.user.is_service else redirect("tokens")


@login_required
@require_GET
def services(request: HttpRequest) -> HttpResponse:
    return _services(request, ServiceForm())


@form_of("service-accounts")
def make_service(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    tokens.require_administrator(user)
    form = ServiceForm(request.POST)
    if form.is_valid():
        try:
            account = tokens.make_service(user, **form.cleaned_data)
            return redirect("service-account", account.username)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return _services(request, form)


@login_required
@require_GET
def service(request: HttpRequest, service: str) -> HttpResponse:
    return _page(request, tokens.find_service(user_of(request), service))


@never_cache
@form_of("service-account")
def make_of_service(request: HttpRequest, service: str) -> HttpResponse:
    return _make(request, tokens.find_service(user_of(request), service))


def _make(request: HttpRequest, holder: User) -> HttpResponse:
    """The answer shows the token itself: it is kept nowhere, so that no other page could."""
    form = TokenForm(holder.scopes, request.POST)
    if form.is_valid():
        try:
            of = holder.username if holder.is_service else ""
            return _page(request, holder, issued=tokens.issue(user_of(request), **form.cleaned_data, service=of))
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return _page(request, holder, form)


def _page(
    request: HttpRequest, holder: User, form: TokenForm | None = None, issued: Issued | None = None
) -> HttpResponse:
    held = tokens.visible_to(user_of(request)).filter(user=holder).order_by("by_password", "-created_at")
    context: dict[str, Any] = {
        "holder": holder,
        "held": held[:SHOWN],
        "form": form or TokenForm(holder.scopes),
        "issued": issued,
        "api_url": settings.PUBLIC_URL,
    }
    return render(request, "web/accounts/tokens.html", context, status=422 if form else 200)


def _services(request: HttpRequest, form: ServiceForm) -> HttpResponse:
    context = {"services": tokens.service_accounts(user_of(request)), "form": form}
    return render(request, "web/accounts/services.html", context, status=422 if form.is_bound else 200)
