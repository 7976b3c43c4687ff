"""What stands around each method that changes something: no change twice, none of what was not seen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import idempotency, preconditions

MARK = "changes_something"


def changes(method: Callable[..., Response]) -> Callable[..., HttpResponseBase]:
    """For POST, PUT, PATCH and DELETE of a view: heeds Idempotency-Key (POST) and If-Match.

    Where either is sent all is one transaction: what is refused leaves nothing. Of a view that does something to a
    thing, `done_to` is the view that shows the thing.
    """

    @wraps(method)
    def answer(view: Any, request: Request, **named: Any) -> HttpResponseBase:
        act: Callable[[], Any] = partial(method, view, request, **named)
        if "If-Match" in request.headers:
            act = partial(preconditions.unless_changed, view, request, named, act)
        if request.method == "POST" and request.auth and "Idempotency-Key" in request.headers:
            return idempotency.once(request, act)
        return act()  # type: ignore[no-any-return]

    setattr(answer, MARK, True)
    return answer
