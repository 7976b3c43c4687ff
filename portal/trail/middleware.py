"""By which way each request came, for the trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from portal.trail.models import Way
from portal.trail.services import acting_by

PROGRAMS = "/api/"  # what comes by these addresses shows a token; all else is a page


@sync_and_async_middleware
def way(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            with acting_by(_way_of(request)):
                return await cast("Awaitable[HttpResponseBase]", get_response(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        with acting_by(_way_of(request)):
            return cast("HttpResponseBase", get_response(request))

    return answer


def _way_of(request: HttpRequest) -> Way:
    return Way.TOKEN if request.path_info.startswith(PROGRAMS) else Way.PAGE
