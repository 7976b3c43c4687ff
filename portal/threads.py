"""The threads of a web process: a fixed number, which all of its requests share.

Django gives each request a thread of its own, and with it a connection to PostgreSQL. When a class presses a button in
the same second, hundreds of threads then take turns at one interpreter, and whoever holds a lock that all wait for gets
as few turns as they. Here requests wait in front of the threads instead, and connections are kept from one to the next.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import ThreadSensitiveContext

from portal.limits import Application, Message, Receive, Send

THREADS = 24  # also of those who wait for Keystone: that it is slow must not keep others from their pages


class SharedThreads:
    """ASGI: what of a request is not asynchronous runs in one of the process's threads, that with the fewest requests.
    Long polls and streams hold none while they wait."""

    def __init__(self, application: Application, threads: int = THREADS) -> None:
        self.application = application
        self.requests = {ThreadPoolExecutor(1, f"request-{number}"): 0 for number in range(threads)}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        thread = min(self.requests, key=self.requests.__getitem__)
        self.requests[thread] += 1
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.application(scope, receive, send)
        finally:
            self.requests[thread] -= 1
