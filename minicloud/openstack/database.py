"""The tie of Heat and of Manila to PostgreSQL: they wait for it when they start, and end with it.

A thread of theirs whose statement fails drops what it was doing, and a stack stays IN_PROGRESS for ever. So they end as
soon as their database does: their supervisor starts them anew, and they take up what was interrupted.
"""

from __future__ import annotations

import os
import select
import sys
import time
from typing import Any

import psycopg2  # type: ignore[import-untyped,import-not-found,unused-ignore]

from minicloud.errors import MinicloudError
from minicloud.settings import Settings

START_SECONDS = 120.0
PAUSE_SECONDS = 0.2


def connect(settings: Settings, name: str, seconds: float = 0.0) -> Any:
    """A connection to a database; one that does not answer yet is waited for.

    Raises:
        MinicloudError: it did not answer within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return psycopg2.connect(
                dbname=name, user=settings.postgres_user, host=str(settings.postgres), connect_timeout=10
            )
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                why = str(error).strip()
                raise MinicloudError(f"database {name}: {why}; start PostgreSQL and create it") from None
        time.sleep(PAUSE_SECONDS)


def end_with(connection: Any) -> None:
    """Wait until the connection breaks, then end this process at once."""
    try:
        while not connection.closed:
            select.select([connection], [], [])
            connection.poll()
    except psycopg2.Error as error:
        print(f"the database is gone: {str(error).strip()}", file=sys.stderr)
    print("ending; who started this process starts it again", file=sys.stderr, flush=True)
    # The threads that are at work would only fail, and say of stacks that they did.
    os._exit(1)
