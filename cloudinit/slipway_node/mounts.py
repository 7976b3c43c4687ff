"""The folders of shares, mounted where the cluster's owner wants them.

The portal opens a share to this node once it knows the node's address, so the first attempts may well be refused.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from .errors import StepError
from .facts import Mount
from .node import Node
from .portal import Backoff, PortalError

ATTEMPT_SECONDS = 60.0
# What no waiting helps against.
NO_SUCH_KIND = re.compile(r"unknown filesystem type|helper program", re.IGNORECASE)
# Gives the user and the key that the N-th mount needs.
Keys = Callable[[int], tuple[str, str]]


def exports(told: Any) -> tuple[str, ...]:
    """The paths of a share that can be mounted, of what Manila says: a text, a list of them, or such a list as a text.

    Newer Manilas say more of each: its `path` counts, the preferred ones first, and none that are for administrators.
    """
    if isinstance(told, str) and told.strip().startswith("["):
        told = _parsed(told)
    if isinstance(told, str):
        return (told.strip(),) if told.strip() else ()
    if not isinstance(told, list):
        return ()
    entries = [entry if isinstance(entry, dict) else {"path": entry} for entry in told]
    entries = [entry for entry in entries if isinstance(entry.get("path"), str) and not entry.get("is_admin_only")]
    return tuple(entry["path"] for entry in sorted(entries, key=lambda entry: not entry.get("preferred")))


def _parsed(text: str) -> Any:
    """A list as JSON has it or, as Heat writes attributes, Python; or an address of IPv6, which begins alike."""
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError):
            continue
    return text


def mounted(folder: Path, mountinfo: str) -> bool:
    """Whether something is mounted there, by a /proc/PID/mountinfo."""
    return any(unescape(line.split(" ")[4]) == str(folder) for line in mountinfo.split("\n") if line)


def unescape(text: str) -> str:
    """The kernel writes blanks and the like as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def own_mountinfo() -> str:
    return os.fsdecode(Path("/proc/self/mountinfo").read_bytes())


def mount_all(node: Node, keys: Keys, end: float, say: Callable[[str], None]) -> None:
    """Mount all that is not mounted yet. StepError: a folder could not be, until the monotonic time `end`."""
    for number, mount in enumerate(node.mounts):
        folder = node.path(mount.path)
        # Where the embedded cloud has no mounts a link stands for one.
        if folder.is_symlink() or mounted(folder, own_mountinfo()):
            continue
        folder.mkdir(parents=True, exist_ok=True)
        _mount_until(end, mount, partial(keys, number), folder, say)
        if mount.access == "rw" and not node.embedded:
            _open_when_new(folder)


def _open_when_new(folder: Path) -> None:
    """An empty folder that is ours alone is a share that was just made: jobs, which are not root, may write there.

    Most of Manila's drivers see to that themselves. A share that squashes root refuses, and then it is not ours to say.
    """
    with suppress(OSError):
        found = folder.stat()
        if found.st_uid == os.geteuid() and not found.st_mode & 0o002 and not any(folder.iterdir()):
            folder.chmod(0o1777)


def _mount_until(
    end: float, mount: Mount, key: Callable[[], tuple[str, str]], folder: Path, say: Callable[[str], None]
) -> None:
    began, said, backoff = time.monotonic(), "", Backoff()
    while error := _attempt(mount, key, folder, end - time.monotonic()):
        if error != said:
            say(f"mounts: {mount.path} is not mounted yet: {error}")
            said = error
        pause = backoff.pause()
        if NO_SUCH_KIND.search(error):
            raise StepError(
                f"this node cannot mount {mount.path} ({mount.protocol}): {error}; choose an image that can (for "
                "CephFS one that was made with --package ceph-common)"
            )
        if time.monotonic() + pause > end:
            raise StepError(
                f"the folder {mount.path} could not be mounted within {time.monotonic() - began:.0f} s: {error}; check "
                "that its share is there, is open to this node's address, and can be reached from the cluster's network"
            )
        time.sleep(pause)


def _attempt(mount: Mount, key: Callable[[], tuple[str, str]], folder: Path, left: float) -> str:
    """Try each export once; "" where one is mounted, else what mount said of each."""
    try:
        with _credentials(mount, key) as credentials:
            errors = []
            for export in exports(mount.export):
                error = _mount(mount, export, folder, credentials, max(1.0, min(left, ATTEMPT_SECONDS)))
                if not error:
                    return ""
                errors.append(error)
            return "; ".join(errors) or f"Manila names no export that can be mounted: {mount.export!r}"
    except PortalError as error:
        return f"there is no key for it yet: {error}"


@contextmanager
def _credentials(mount: Mount, key: Callable[[], tuple[str, str]]) -> Iterator[list[str]]:
    """Options of mount that say who mounts. A key stands in a file while it is needed, and on no command line."""
    if mount.protocol != "CEPHFS":
        yield []
        return
    user, secret = key()
    with tempfile.NamedTemporaryFile("w", prefix="slipway-key-") as file:  # 0600
        file.write(secret)
        file.flush()
        yield [f"name={user}", f"secretfile={file.name}"]


def _mount(mount: Mount, export: str, folder: Path, credentials: list[str], seconds: float) -> str:
    kind, more = ("nfs", ["retry=0"]) if mount.protocol == "NFS" else ("ceph", [])
    options = ",".join([mount.access, "nosuid", "nodev", *more, *credentials])
    return run(["mount", "-t", kind, export, str(folder), "-o", options], seconds)


def run(command: list[str], seconds: float) -> str:
    """Run a short program; "" where all went well, else what it said."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not end within {seconds:.0f} s"
    except OSError as error:
        return f"{command[0]} does not run: {error}"
    words = " ".join(done.stdout.decode(errors="replace").split())
    return "" if done.returncode == 0 else words[-600:] or f"{command[0]} ended with {done.returncode}"
