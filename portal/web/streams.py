"""Pushing a fragment of a page whenever it changes (server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse

from portal import live
from portal.accounts.models import User

KEEP_ALIVE = 15  # seconds; shorter than what proxies end silent connections after
LONGEST = 600  # seconds; the browser connects again by itself
AT_MOST_EVERY = 0.5  # seconds; a burst of events is one picture


async def stream(
    request: HttpRequest, topic: str, fragment: Callable[[User, UUID], str], subject: UUID
) -> StreamingHttpResponse:
    """The fragment at once and after each change. What the person may not see raises before anything is sent."""
    user = await request.auser()
    assert isinstance(user, User)
    await live.ask(fragment, user, subject)
    response = StreamingHttpResponse(_events(user, topic, fragment, subject), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must hand each event on at once
    return response


async def _events(user: User, topic: str, fragment: Callable[[User, UUID], str], subject: UUID) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    end, shown = loop.time() + LONGEST, ""
    async with live.listener.hears(topic) as something:
        while loop.time() < end:
            html = await live.ask(fragment, user, subject)
            yield _event(html) if html != shown else ": still here\n\n"
            shown = html
            await live.wait(something, KEEP_ALIVE)
            await asyncio.sleep(AT_MOST_EVERY)


def _event(html: str) -> str:
    return "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
