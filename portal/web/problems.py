"""Refusals to programs (RFC 9457), where no view of the API has come to it."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from portal.refusals import Refusal


def is_of_program(request: HttpRequest) -> bool:
    """Whether a program or a node asks, and nobody who looks at pages."""
    return request.path_info.startswith(("/api/", "/node/"))


def problem(refusal: Refusal) -> JsonResponse:
    return JsonResponse(refusal.as_problem(), status=refusal.status, content_type="application/problem+json")
