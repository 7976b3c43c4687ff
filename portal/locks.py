"""Advisory locks of PostgreSQL: one at a time, over all processes, and gone with the one that held it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import OperationalError, connection, transaction
from django.db.models import Model

from portal.refusals import Busy

LONGEST_WAIT = "3s"  # for any lock, in a transaction that takes from a course's limits


def key_of(subject: str) -> int:
    """The lock's number in PostgreSQL: 64 bits, with a sign."""
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], signed=True)


@contextmanager
def allocating(course: Model) -> Iterator[None]:
    """A transaction that has the course's limits and credits to itself until it is over.

    Whoever takes from them, or lowers them, is in here: what it reads is then true until it has written. This lock
    comes before any row's, so that two such transactions never wait for each other. Raises Busy where a lock is not
    to be had.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET LOCAL lock_timeout = %s; SELECT pg_advisory_xact_lock(%s)",
                    [LONGEST_WAIT, key_of(f"allocating {course.pk}")],
                )
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
            raise Busy from error
        raise


def transaction_lock(subject: str) -> None:
    """Waits for the lock on `subject`, which this transaction then has until it is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key_of(subject)])


def try_transaction_lock(subject: str) -> bool:
    """Whether this transaction has the lock on `subject` now, until it is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key_of(subject)])
        return bool(cursor.fetchone()[0])


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
