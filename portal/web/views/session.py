"""Logging in, and forms from before it."""

from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.refusals import StaleForm
from portal.web.forms.log_in import LogInForm


class LogIn(LoginView):
    template_name = "web/log_in.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True


def stale_form(request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG001
    """Django's CSRF_FAILURE_VIEW: mostly a page from before the last log-in."""
    return render(request, "web/refusal.html", {"refusal": StaleForm()}, status=StaleForm.status)
