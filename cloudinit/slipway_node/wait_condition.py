"""Tells Heat how the boot ended: one POST to the handle of the node's own wait condition."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from .facts import Signal
from .portal import Backoff

LONGEST_REASON = 1500
CALL_SECONDS = 15.0
BOUND_SECONDS = 120.0
# 401 to 410: the token is no longer good, or the handle is gone. Nothing will change that.
FINAL = range(400, 500)
AGAIN = (408, 409, 425, 429)


class SignalError(Exception):
    """Heat did not take the signal; the message says what it answered last."""


def failure_reason(step: str, cause: str, log: str) -> str:
    """At most LONGEST_REASON characters: the step and the cause whole, and as much of the log's end as fits."""
    head = f"{step}: {cause}"[: LONGEST_REASON - 100]
    room = LONGEST_REASON - len(head) - len("\n\n")
    return f"{head}\n\n{log[-room:]}" if log else head


def send(signal: Signal, message: Mapping[str, Any], source: str, pause: Callable[[float], None] = time.sleep) -> None:
    """Send {"status", "reason", "data", "id"} until Heat takes it; SignalError after the bound or a final refusal."""
    end = time.monotonic() + BOUND_SECONDS
    backoff = Backoff()
    while True:
        trouble, again = _post(signal, message, source)
        if not trouble:
            return
        if not again or time.monotonic() > end:
            raise SignalError(f"Heat did not take the signal: {trouble}")
        pause(backoff.pause())


def _post(signal: Signal, message: Mapping[str, Any], source: str) -> tuple[str, bool]:
    """What went wrong ("" if nothing) and whether another try may help."""
    parts = urlsplit(signal.endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "the endpoint is no URL of http or https", False
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=CALL_SECONDS, source_address=(source, 0) if source else None)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if signal.token:
        headers["X-Auth-Token"] = signal.token
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path or "/", json.dumps(message), headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__, True
    finally:
        connection.close()
    if status < 300:
        return "", False
    return f"it answered {status}", status not in FINAL or status in AGAIN
