"""What is answered where the portal itself has failed. Django has written to the log what happened."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

from portal.refusals import Fault
from portal.web.problems import is_of_program, problem


def fault(request: HttpRequest) -> HttpResponse:
    return problem(Fault()) if is_of_program(request) else server_error(request)
