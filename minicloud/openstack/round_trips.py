"""Heat without the round trips to its database that are there for another one.

oslo.db asks whether a connection still lives each time it is taken from the pool, and lets other threads run each time
it is given back: for a server that is far away and may go at any time, and for eventlet. Here Heat ends with its
database, and threads are the system's.
"""
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

from typing import Any


def install() -> None:
    """Before the first use of the database."""
    from oslo_db.sqlalchemy import engines

    create_engine = engines.create_engine

    def create_trusting_engine(*args: Any, **options: Any) -> Any:
        engine = create_engine(*args, **(options | {"thread_checkin": False}))
        engine.pool._pre_ping = False
        return engine

    engines.create_engine = create_trusting_engine
