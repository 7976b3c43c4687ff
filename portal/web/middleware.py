"""Refusals as pages, and what every page tells the browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast
from urllib.parse import unquote

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.refusals import NotFound, Refusal, database_away, sign_in_unavailable
from portal.web.problems import is_of_program, problem

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


@sync_and_async_middleware
def without_nul(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """No text in PostgreSQL has the character NUL: an address with it, or a question, is that of nothing."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return _of_nothing(request) or await cast("Awaitable[HttpResponseBase]", get_response(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _of_nothing(request) or cast("HttpResponseBase", get_response(request))

    return answer


def _of_nothing(request: HttpRequest) -> HttpResponse | None:
    """Raises Http404, which becomes a page, where no program asks. What programs ask behind a ? is looked at field by
    field, and refused by its name."""
    of_program = is_of_program(request)
    said = request.path_info if of_program else request.path_info + unquote(request.META.get("QUERY_STRING", ""))
    if "\0" not in said:
        return None
    if not of_program:
        raise Http404
    return problem(NotFound("address in the API"))
