"""If-Match: something is changed only if it still is as somebody saw it.

The validator of a thing is the ETag of the answer that shows it, which Django's ConditionalGetMiddleware makes from all
of the answer. Of two who change the same thing so, one at a time does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.cache import set_response_etag
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.locks import try_transaction_lock
from portal.refusals import Invalid, Refusal


class Changed(Refusal):
    status = 412
    code = "changed-meanwhile"
    title = "It is not what it was"

    def __init__(self) -> None:
        super().__init__(
            "It has changed since you looked at it, or is being changed now. Nothing was done.",
            "Look at it again, and send the change with the new ETag.",
        )


def unless_changed(view: APIView, request: Request, named: dict[str, Any], act: Callable[[], Any]) -> Any:
    """What `act` answers, where the thing has one of the ETags of the header If-Match. Raises Changed, Invalid."""
    asked = {_plain(etag) for etag in parse_etags(request.headers["If-Match"])}
    if not asked:
        raise Invalid.of({"If-Match": 'must be ETags as GET answers them, with their quotes: "0a1b"'})
    with transaction.atomic():
        if not try_transaction_lock(f"if-match {sorted(named.items())}"):
            raise Changed
        present = _etag(view, request, named)
        if "*" not in asked and present not in asked:
            raise Changed
        return act()


def _etag(view: APIView, request: Request, named: dict[str, Any]) -> str:
    """Of what GET answers: at the same address or, where something is done to a thing, at the thing's own."""
    shown_by: type[APIView] = getattr(view, "done_to", type(view))
    if not hasattr(shown_by, "get"):
        raise Invalid.of({"If-Match": "there is nothing here that it could be compared with"})
    reader = shown_by(request=request, args=(), kwargs=named, format_kwarg=None, headers=view.headers)
    answer = reader.finalize_response(request, reader.get(request, **named), **named)  # type: ignore[attr-defined]
    assert isinstance(answer, Response)
    answer.render()
    set_response_etag(answer)
    return _plain(answer.headers["ETag"])


def _plain(etag: str) -> str:
    """A proxy that compresses answers makes their ETags weak; it is the same thing that they were of."""
    return etag.removeprefix("W/")
