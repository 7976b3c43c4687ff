"""Pushing a fragment of a page whenever it changes (server-sent events)."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, StreamingHttpResponse

from portal import live
from portal.accounts.models import User

KEEP_ALIVE = 15  # seconds; shorter than what proxies end silent connections after
LONGEST = 600  # seconds; the browser connects again by itself
AT_MOST_EVERY = 0.5  # seconds; a burst of events is one picture
LOGGED_OUT = "event: logged-out\ndata: now\n\n"


async def stream(
    request: HttpRequest, topics: tuple[str, ...], fragment: Callable[[User, UUID], str], subject: UUID
) -> StreamingHttpResponse:
    """The fragment at once and after each change. What the person may not see raises before anything is sent.

    Where nobody is logged in (any more), the stream says so and ends; an answer that is no stream would be asked for
    again and again.
    """
    user = await request.auser()
    if isinstance(user, User):
        await live.ask(fragment, user, subject)
        events = _events(topics, functools.partial(_picture, request, user, fragment, subject))
    else:
        events = _logged_out()
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must hand each event on at once
    return response


def _picture(request: HttpRequest, user: User, fragment: Callable[[User, UUID], str], subject: UUID) -> str | None:
    """None where the session has ended meanwhile: it is read anew."""
    session = type(request.session)(request.session.session_key)
    return fragment(user, subject) if SESSION_KEY in session else None


async def _logged_out() -> AsyncIterator[str]:
    yield LOGGED_OUT


async def _events(topics: tuple[str, ...], picture: Callable[[], str | None]) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    end, shown = loop.time() + LONGEST, ""
    async with live.listener.hears(*topics) as something:
        while loop.time() < end:
            html = await live.ask(picture)
            if html is None:
                yield LOGGED_OUT
                return
            yield _event(html) if html != shown else ": still here\n\n"
            shown = html
            await live.wait(something, KEEP_ALIVE)
            await asyncio.sleep(AT_MOST_EVERY)


def _event(html: str) -> str:
    return "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
