"""Tells the portal which nodes of the cluster are in trouble: when that changes, and now and then as a sign of life."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping

from .portal import CredentialRefusedError, PortalClient, PortalError

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
    pause = look
    while not stopping.wait(pause):
        pause = look
        try:
            found = troubles()
            if found != told or time.monotonic() - told_at >= SIGN_SECONDS:
                client.post_health(found)
                told, told_at = found, time.monotonic()
        except CredentialRefusedError:
            pause = max(look, SIGN_SECONDS)  # the cluster is gone, and this node will be
        except PortalError:
            continue
        except Exception:  # without a sign of life the whole cluster would be taken for lost
            traceback.print_exc()
