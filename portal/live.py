"""Telling open pages and long polls that something has changed, by PostgreSQL's LISTEN and NOTIFY."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar
from uuid import UUID

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections, connection

log = logging.getLogger(__name__)

CHANNEL = "slipway"
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def cluster_topic(cluster_id: UUID) -> str:
    return f"cluster:{cluster_id}"


def folders_topic(course_id: UUID) -> str:
    """Of all folders of a course: they change seldom."""
    return f"folders:{course_id}"


def job_topic(job_id: UUID) -> str:
    return f"job:{job_id}"


def commands_topic(cluster_id: UUID) -> str:
    return f"commands:{cluster_id}"


def hosts_topic(cluster_id: UUID) -> str:
    return f"hosts:{cluster_id}"


def notify(*topics: str) -> None:
    """Sent at the end of the transaction, and not at all where it is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, topic) FROM unnest(%s::text[]) AS topic", [CHANNEL, list(topics)])


class Listener:
    """One connection of this process, and everybody who waits for a topic."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def hears(self, *topics: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever something may have happened to one of the topics. Look at the data after
        entering, as what happened before is not told."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        event = asyncio.Event()
        for topic in topics:
            self._waiting[topic].add(event)
        try:
            yield event
        finally:
            for topic in topics:
                self._waiting[topic].discard(event)
                if not self._waiting[topic]:
                    del self._waiting[topic]

    async def _listen(self) -> None:
        pause = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(settings.DATABASE_URL, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    pause = 0.2
                    self._wake(list(self._waiting))  # what was said while nobody listened
                    async for notice in connection.notifies():
                        self._wake([notice.payload])
            except psycopg.Error as error:
                log.warning("Cannot listen to PostgreSQL, trying again: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)

    def _wake(self, topics: list[str]) -> None:
        for topic in topics:
            for event in self._waiting.get(topic, ()):
                event.set()


listener = Listener()


async def ask(function: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs) -> Answer:
    """Calls what asks the database, by the connection of the thread, which is kept as from one request to the next:
    Django looks after it at the beginning and the end of a request only, and a stream lasts for hours."""

    def call() -> Answer:
        if not connection.in_atomic_block:  # a test's
            close_old_connections()
        return function(*given, **named)

    return await sync_to_async(call)()


async def wait(event: asyncio.Event, seconds: float) -> bool:
    """True where something happened within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
