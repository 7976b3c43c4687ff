"""How much a request may bring. Looked at before anything of it is kept: Django writes a whole body to disk first."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from portal.refusals import TooLarge

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

FORM_LIMIT = 1024**2  # bytes of a request that brings no files
RESULT_LIMIT = 16 * 1024**2  # bytes: a job's end lists all of its output, which may be ten thousand files
FRAME = 64 * 1024  # bytes that a form needs around its files


class _Exceeded(Exception):
    pass


class BodyLimit:
    """ASGI: answers 413 to a body that says, or turns out, to be larger than its kind may be."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        limit = limit_of(scope["path"], headers.get(b"content-type", ""))
        refuse = partial(_refuse, send, too_large(limit), "text/html" in headers.get(b"accept", ""))
        told = headers.get(b"content-length", "")
        if told.isdecimal() and int(told) > limit:
            await refuse()
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _Exceeded
            return message

        try:
            await self.application(scope, counted, send)
        except _Exceeded:
            # Nothing was answered yet: Django reads the whole body before it does anything else.
            await refuse()


def limit_of(path: str, content_type: str) -> int:
    """In bytes. Files come in forms of people and programs, logs and output from nodes."""
    if path.startswith("/node/v1/commands/"):
        return RESULT_LIMIT
    if path.startswith("/node/v1/jobs/"):
        return max(int(settings.OUTPUT_LIMIT), int(settings.LOG_LIMIT)) + FRAME
    if content_type.startswith("multipart/form-data"):
        return int(settings.UPLOAD_LIMIT) + FRAME
    return FORM_LIMIT


def too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"A request of this kind may bring {limit / 1024**2:.0f} MB, and this one brings more.",
        "Send less: compress the files, or let the job read large data from elsewhere.",
    )


async def _refuse(send: Send, refusal: TooLarge, as_page: bool) -> None:
    kind, body = b"application/problem+json", json.dumps(refusal.as_problem())
    if as_page:
        kind, body = b"text/html; charset=utf-8", str(render_to_string("web/refusal.html", {"refusal": refusal}))
    headers = [(b"content-type", kind), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
