"""The bundle for an image that has none: fetched by the address in the facts, and used only with the right sum.

Run by the image's own Python, before there is any bundle; see `launcher/image/software.py`.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from . import wait_condition
from .facts import BEGAN, PATH, FactsError, Signal, parse_boot_seconds, parse_portal, parse_signal, read_document
from .handed import take_facts
from .portal import EventPoster, PortalClient

STEP = "facts"  # to be what it is to be, a node needs the program that reads them
PIECE = 1 << 20
CALL_SECONDS = 60.0
PAUSE_SECONDS = 5.0
EVENT_SECONDS = 5.0
SCRATCH = ".slipway-"
ADVICE = "tell the portal's administrator"


class FetchError(Exception):
    """There is no bundle to go on with; the message says why."""


@dataclass(frozen=True)
class Software:
    url: str
    sha512: str


def software_of(document: dict[str, Any]) -> Software:
    """What the facts say of the bundle. FetchError where they say nothing."""
    cluster = document.get("cluster")
    found = cluster.get("software") if isinstance(cluster, dict) else None
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in ("url", "sha512")):
        raise FetchError(
            "this node's image has no bundle, and the facts do not say where to fetch it: "
            f"{ADVICE} to use an image with the bundle, or to set SLIPWAY_SOFTWARE"
        )
    return Software(found["url"], found["sha512"])


def fetch(software: Software, place: Path, end: float, pause: Callable[[float], None] = time.sleep) -> None:
    """Make `place/slipway-store` and the link `place/slipway` into it, from an archive that holds both.

    FetchError where that is not done at the monotonic time `end`.
    """
    for left in place.glob(f"{SCRATCH}*"):  # of a fetch that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=SCRATCH) as folder:
        archive = Path(folder) / "archive"
        while trouble := _download(software, archive, end):
            if time.monotonic() + PAUSE_SECONDS > end:
                raise FetchError(f"the bundle could not be fetched from {software.url} in time: {trouble}; {ADVICE}")
            pause(PAUSE_SECONDS)
        _unpack(archive, Path(folder), end)
        _put(Path(folder), place)


def _unpack(archive: Path, folder: Path, end: float) -> None:
    try:
        done = subprocess.run(
            ["tar", "-x", "--no-same-owner", "-f", str(archive), "-C", str(folder)],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=max(1.0, end - time.monotonic()),
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"the bundle could not be unpacked in time; {ADVICE}") from error
    if done.returncode:
        raise FetchError(f"the bundle could not be unpacked: {done.stderr.strip()[-500:]}")


def _put(unpacked: Path, place: Path) -> None:
    """Whole or not at all: the link is what makes it the node's."""
    store, link = place / "slipway-store", unpacked / "slipway"
    if not link.is_symlink() or not (unpacked / "slipway-store").is_dir():
        raise FetchError(f"what was fetched is no bundle; {ADVICE}")
    if store.exists():
        store.rename(unpacked / "old")
    (unpacked / "slipway-store").rename(store)
    link.replace(place / "slipway")


def _download(software: Software, target: Path, end: float) -> str:
    """What went wrong and may go better next time; "" if nothing. FetchError where it will not."""
    total = hashlib.sha512()
    timeout = max(1.0, min(CALL_SECONDS, end - time.monotonic()))
    try:
        with (
            urllib.request.urlopen(software.url, timeout=timeout) as answer,  # noqa: S310 - http or https, by the spec
            target.open("wb") as file,
        ):
            # What has come, and no whole piece: a trickle shall end in time, too.
            while piece := answer.read1(PIECE):
                if time.monotonic() > end:
                    return f"after {target.stat().st_size} bytes, {answer.length} more are to come"
                total.update(piece)
                file.write(piece)
            if answer.length:
                return f"{answer.length} bytes are missing"
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise FetchError(f"the bundle is not at {software.url}: {error}; {ADVICE}") from error
        return str(error)
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    if total.hexdigest() != software.sha512:
        raise FetchError(
            f"the bundle from {software.url} has the SHA-512 {total.hexdigest()}, but {software.sha512} is expected; "
            f"nothing of it was used; {ADVICE}"
        )
    return ""


def main(place: Path, arguments: list[str]) -> int:
    """Become the bundle's program, or return 1 after a failure that Heat and the portal have been told."""
    document: dict[str, Any] = {}
    began = time.monotonic()
    try:
        take_facts(os.environ)
        document = read_document(Path(PATH))
        software = software_of(document)
        fetch(software, place, began + parse_boot_seconds(document))
    except (FetchError, FactsError, OSError) as error:
        _tell(document, parse_signal(document), str(error))
        print(f"slipway-node: {error}", file=sys.stderr)
        return 1
    print(f"the bundle was fetched in {time.monotonic() - began:.0f} s from {software.url}", flush=True)
    return _become(place / "slipway" / "bin" / "slipway-node", arguments, began)


def _become(program: Path, arguments: list[str], began: float) -> NoReturn:
    # The boot's bound counts from the fetch's beginning: who waits for the node waits for both.
    os.execve(program, [str(program), *arguments], {**os.environ, BEGAN: str(began)})


def _tell(document: dict[str, Any], signal: Signal | None, reason: str) -> None:
    portal = parse_portal(document)
    if portal is not None:
        poster = EventPoster(PortalClient(portal.url, portal.credential, ""))
        poster.post_event(STEP, "failed", 0.0, reason, "")
        poster.close(EVENT_SECONDS)
    if signal is None:
        return
    name = document.get("node", {}).get("name", "node")
    text = wait_condition.failure_reason(STEP, reason, "")
    try:
        wait_condition.send(signal, {"status": "FAILURE", "reason": text, "data": None, "id": name}, "")
    except wait_condition.SignalError as refused:
        print(f"slipway-node: {refused}", file=sys.stderr)
