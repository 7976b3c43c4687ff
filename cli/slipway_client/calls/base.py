"""What all calls stand on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..errors import UnreachableError
from ..transport import Json, Transport

POLL_SECONDS = 1.0

Told = Callable[[Json], None]


class Calls:
    def __init__(self, url: str, token: str = "", patience: float = 0.0) -> None:
        """`url`: the portal's address, such as http://127.0.0.1:8000. `token`: as log_in gives it.

        `patience`: for so many seconds a call that may be repeated without harm goes on trying.
        """
        self._portal = Transport(url, token, patience)

    @property
    def url(self) -> str:
        return self._portal.base

    @property
    def token(self) -> str:
        return self._portal.token


def wait_until(ask: Callable[[], Json], ends: Sequence[str], seconds: float, progress: Told | None) -> Json:
    """What `ask` gives once its status is one of `ends`; TimeoutError after so many seconds."""
    deadline = time.monotonic() + seconds
    seen: Json | None = None
    while True:
        try:
            now = ask()
        except UnreachableError:
            # A portal that restarts does not end the wait; one that stays away does, with its own words.
            if time.monotonic() > deadline:
                raise
        else:
            if progress is not None and now != seen:
                progress(now)
            seen = now
            if now["status"] in ends:
                return now
        if time.monotonic() > deadline:
            state = seen["status"] if seen else "unknown"
            raise TimeoutError(f"Still {state} after {seconds:.0f} seconds; waited for {' or '.join(ends)}.")
        time.sleep(POLL_SECONDS)


def said(**filters: str | Sequence[str]) -> dict[str, str | Sequence[str]]:
    """The filters that somebody named."""
    return {name: value for name, value in filters.items() if value}
