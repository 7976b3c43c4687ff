"""Refusals as pages, and what every page tells the browser."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin

from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.refusals import Refusal, database_away, sign_in_unavailable

# All that a page uses comes from the portal itself.
POLICY = "default-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class RefusalMiddleware(MiddlewareMixin):
    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError | InterfaceError):
            away = database_away(error)
            # Without the request: who is logged in cannot be looked up either.
            return HttpResponse(render_to_string("web/refusal.html", {"refusal": away}), status=away.status)
        if isinstance(error, CloudUnavailable | CloudRefused):
            error = sign_in_unavailable()
        if not isinstance(error, Refusal):
            return None
        answer = render(request, "web/refusal.html", {"refusal": error}, status=error.status)
        for name, value in error.headers.items():
            answer.headers[name] = value
        return answer

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code == 302 and "HX-Request" in request.headers:
            # A part of a page that is led elsewhere, as to the log-in, takes its whole page along.
            response = HttpResponse(status=204, headers={"HX-Refresh": "true"})
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
