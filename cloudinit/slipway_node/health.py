"""Tells the portal how the nodes of the cluster are: when that changes, and now and then as a sign of life."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from .portal import CredentialRefusedError, PortalClient, PortalError

if TYPE_CHECKING:
    from cloudinit.frameworks.node import Report

LOOK_SECONDS = 5.0
LEAVING_LOOK_SECONDS = 0.5  # somebody waits for the end of it
SIGN_SECONDS = 25.0


def keep_telling(
    client: PortalClient,
    report: Callable[[], Report],
    stopping: threading.Event,
    news: threading.Event,
    look: float = LOOK_SECONDS,
) -> None:
    """Look every `look` seconds, and at `news`, until `stopping` is set (then set `news` too).

    What the portal did not take is told at the next look.
    """
    told: Report | None = None
    told_at = 0.0
    pause = look
    while True:
        news.wait(pause)
        news.clear()
        if stopping.is_set():
            return
        pause = look
        try:
            found = report()
            if found.leaving:
                pause = min(look, LEAVING_LOOK_SECONDS)
            if told is None or _differ(found, told) or time.monotonic() - told_at >= SIGN_SECONDS:
                client.post_health(found)
                told, told_at = found, time.monotonic()
        except CredentialRefusedError:
            pause = max(look, SIGN_SECONDS)  # the cluster is gone, and this node will be
        except PortalError:
            continue
        except Exception:  # without a sign of life the whole cluster would be taken for lost
            traceback.print_exc()


def _differ(one: Report, other: Report) -> bool:
    """Whether the portal should hear of it at once; the figures of the storage change all the time."""
    return (one.troubles, one.leaving) != (other.troubles, other.leaving)
