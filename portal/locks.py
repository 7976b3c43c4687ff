"""Advisory locks of PostgreSQL: one at a time, over all processes, and gone with the one that held it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def key_of(subject: str) -> int:
    """The lock's number in PostgreSQL: 64 bits, with a sign."""
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], signed=True)


@contextmanager
def try_slot(subject: str, count: int) -> Iterator[bool]:
    """Gives True to at most `count` holders at once, False at once to others."""
    for number in range(count):
        with try_lock(f"{subject} {number}") as held:
            if held:
                yield True
                return
    yield False


@contextmanager
def try_lock(subject: str) -> Iterator[bool]:
    """Gives True while this session holds the lock on `subject`, False at once where another one does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key_of(subject)])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key_of(subject)])
