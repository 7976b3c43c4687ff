"""A namespace for HDFS: the bundle's image of an empty one, copied, with an identity of its own.

Formatting one takes a start of Java, and a node that is stopped meanwhile could never format again.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudinit.slipway_node.node import Node

PARTIAL = "partial"
LARGEST_ID = 2**31 - 1


class NamespaceError(Exception):
    """The namespace cannot be made; the message says why."""


def identity(node: Node) -> dict[str, str]:
    """What makes a namespace this cluster's and no other's, in the words of its file VERSION."""
    chosen = random.SystemRandom()
    pool = f"BP-{chosen.randint(1, LARGEST_ID)}-{node.address}-{time.time_ns() // 1_000_000}"
    return {
        "namespaceID": str(chosen.randint(1, LARGEST_ID)),
        "clusterID": f"CID-{node.cluster_id}",
        "blockpoolID": pool,
    }


def plant(image: Path, storage: Path, own: dict[str, str]) -> None:
    """Make `storage/current` from the image unless it is there: whole or not at all, whenever we are stopped."""
    if (storage / "current").exists():
        return
    try:
        _plant(image, storage, own)
    except OSError as error:
        raise NamespaceError(
            f"the file system could not be prepared in {storage}: {error}; correct the cause and start the node again"
        ) from error


def _plant(image: Path, storage: Path, own: dict[str, str]) -> None:
    partial = storage / PARTIAL
    shutil.rmtree(partial, ignore_errors=True)  # of a boot that was stopped here
    partial.mkdir(mode=0o700)
    for file in sorted(image.iterdir()):
        data = file.read_bytes()
        _write(partial / file.name, with_identity(data.decode(), own).encode() if file.name == "VERSION" else data)
    _sync(partial)
    partial.replace(storage / "current")
    _sync(storage)


def with_identity(version: str, own: dict[str, str]) -> str:
    """The text of a VERSION with other values for the names in `own`, all of which it must have."""
    lines = version.splitlines()
    names = [line.partition("=")[0] for line in lines]
    if missing := sorted(set(own) - set(names)):
        raise NamespaceError(f"the bundle's image of a namespace has no {', '.join(missing)}: build the bundle anew")
    changed = [f"{name}={own[name]}" if name in own else line for name, line in zip(names, lines, strict=True)]
    return "\n".join(changed) + "\n"


def _write(file: Path, data: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
