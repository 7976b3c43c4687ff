"""Passes over many things, of which none has to wait because of another."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def apart(what: str, subject: object) -> Iterator[None]:
    """What goes wrong in here is this subject's trouble alone: it is logged, and the pass goes on."""
    try:
        yield
    except Exception:
        log.exception("The %s %s cannot be looked at", what, subject)
