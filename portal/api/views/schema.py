"""The API's description, for programs and as a page to try it on."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.api.schema import document


@require_GET
def schema(_request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1."""
    described = {**document(), "servers": [{"url": settings.PUBLIC_URL}]}
    return JsonResponse(described, content_type="application/vnd.oai.openapi+json")


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI, from files of our own."""
    return render(request, "api/docs.html")
