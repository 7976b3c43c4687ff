"""Tells the portal which nodes of the cluster are in trouble: when that changes, and now and then as a sign of life."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from .portal import PortalClient, PortalError

LOOK_SECONDS = 5.0
SIGN_SECONDS = 25.0


def keep_telling(
    client: PortalClient,
    troubles: Callable[[], Mapping[str, str]],
    stopping: threading.Event,
    look: float = LOOK_SECONDS,
) -> None:
    """Look every `look` seconds until `stopping` is set; what the portal did not take is told at the next look."""
    told: Mapping[str, str] | None = None
    told_at = 0.0
    while not stopping.wait(look):
        found = troubles()
        if found == told and time.monotonic() - told_at < SIGN_SECONDS:
            continue
        try:
            client.post_health(found)
        except PortalError:
            continue
        told, told_at = found, time.monotonic()
