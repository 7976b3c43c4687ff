"""Every error as problem details (RFC 9457), with `next`: what to do."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.refusals import Invalid, NotFound, Refusal, TooLarge, database_away, sign_in_unavailable
from portal.text import carried

_NEXT = {
    400: "Correct the request and send it again.",
    401: "Get a token by POST /api/v1/auth/tokens and send it as Authorization: Bearer TOKEN.",
    403: "Ask somebody who may do this.",
    405: "Look at the header Allow for what is possible here.",
    406: "Ask for application/json.",
    415: "Send the body in a form that this address takes: JSON, or multipart for files.",
    429: "Wait for as many seconds as the header Retry-After says, and send it again.",
}


def handler(error: Exception, _context: dict[str, Any]) -> Response | None:
    """DRF's hook: None lets an unknown error through, which then is a fault of ours (portal/web/faults.py)."""
    set_rollback()
    if refusal := _as_refusal(error):
        return problem(refusal)
    if isinstance(error, exceptions.APIException):
        status = error.status_code
        body = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": str(error.detail),
            "next": _NEXT.get(status, _NEXT[400]),
        }
        return Response(body, status=status, headers=_headers(error), content_type="application/problem+json")
    return None


def _headers(error: exceptions.APIException) -> dict[str, str]:
    """DRF's handler makes the same ones."""
    headers = {}
    if auth := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def problem(refusal: Refusal) -> Response:
    return Response(
        refusal.as_problem(), status=refusal.status, headers=refusal.headers, content_type="application/problem+json"
    )


def _as_refusal(error: Exception) -> Refusal | None:  # noqa: C901 a case for each kind
    match error:
        case Refusal():
            return error
        case CloudUnavailable() | CloudRefused():
            return sign_in_unavailable()
        case OperationalError() | InterfaceError():
            return database_away(error)
        case Http404() | exceptions.NotFound():
            return NotFound("page or thing")
        case RequestDataTooBig():
            return TooLarge("The fields of the request are too large.", "Send large data as files.")
        case exceptions.ValidationError():
            return Invalid.of(_flat(error.detail))
        case ValidationError() | RecursionError():
            return Refusal("The request cannot be read: a part of it has not the form that it should have.", _NEXT[400])
        case PermissionDenied():
            return Refusal("You may not do this.", _NEXT[403])
    return None


def _flat(detail: Any, prefix: str = "") -> dict[str, str]:
    """DRF's nested errors as {field: text}."""
    if isinstance(detail, list) and any(isinstance(inner, dict) for inner in detail):
        detail = dict(enumerate(detail))
    if isinstance(detail, dict):
        flat: dict[str, str] = {}
        for name, inner in detail.items():
            flat |= _flat(inner, f"{prefix}.{name}" if prefix else carried(str(name)))
        return flat
    texts = [str(text) for text in detail] if isinstance(detail, list) else [str(detail)]
    return {prefix or "body": carried(" ".join(texts))}
