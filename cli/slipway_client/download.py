"""A file on its way in: whole or not at all, and never outside the folder that was named for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def keep(pieces: Iterable[bytes], target: Path) -> int:
    """Write a file; its size in bytes. Nothing is left where `pieces` raises."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            size = sum(file.write(piece) for piece in pieces)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
    return size


def place_of(path: str, folder: Path) -> Path:
    """Where an output's path lies below a folder. ValueError where it would lie elsewhere.

    The path was named by a job, which anybody may have written: `..`, absolute paths, a link in the folder that leads
    out of it, and names that say something to a terminal are refused.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\\" in part for part in parts) or not path.isprintable():
        raise ValueError(f"The output {path!r} has no name that a file here may have; it is left where it is.")
    top = folder.resolve()
    target = top.joinpath(*parts)
    if not target.parent.resolve().is_relative_to(top):
        raise ValueError(f"The output {path!r} would lie outside of {folder}: a link there leads out.")
    return target
