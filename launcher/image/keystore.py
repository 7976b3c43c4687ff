"""Java's store of authorities, which notes when each was taken in: a date of the build that nobody reads.

Its form (JKS) is Sun's: a head of magic, version and count; for each certificate a tag, its name, the time in
milliseconds, its kind and its bytes; at the end a SHA-1 over the password, a phrase and all before it. Texts have
their length, two bytes, before them. Numbers are big-endian. Seen in java.base's sun.security.provider.JavaKeyStore.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

PLACE = "etc/ssl/certs/java/cacerts"
PASSWORD = "changeit"  # noqa: S105  (Java's own; it guards nothing)
HEAD = bytes.fromhex("feedfeed00000002")
CERTIFICATE = 2
DIGEST_SIZE = 20


def date_entries(root: Path, epoch: int) -> None:
    """Gives all entries the one date, in seconds since 1970. A store in another form stays as it is."""
    store = root / PLACE
    if store.exists() and (old := store.read_bytes()).startswith(HEAD):
        new = bytearray(old[:-DIGEST_SIZE])
        at = len(HEAD) + 4
        for _ in range(int.from_bytes(old[len(HEAD) : at])):
            at = _date_entry(new, at, epoch)
        store.write_bytes(new + _digest(new))


def _date_entry(store: bytearray, at: int, epoch: int) -> int:
    """Where the next entry begins."""
    if _number(store, at, 4) != CERTIFICATE:
        raise ValueError(f"{PLACE} has an entry that is no certificate")
    time = _behind_text(store, at + 4)
    store[time : time + 8] = (epoch * 1000).to_bytes(8)
    size = _behind_text(store, time + 8)
    return size + 4 + _number(store, size, 4)


def _behind_text(store: bytearray, at: int) -> int:
    return at + 2 + _number(store, at, 2)


def _number(store: bytearray, at: int, size: int) -> int:
    return int.from_bytes(store[at : at + size])


def _digest(store: bytes | bytearray) -> bytes:
    return hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + store, usedforsecurity=False).digest()
