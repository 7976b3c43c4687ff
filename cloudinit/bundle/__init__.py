"""The bundle: all software of a node, pinned, laid out by `python -m cloudinit.bundle.build`."""

from __future__ import annotations

import hashlib
from pathlib import Path

FORMAT = 1  # of the layout: a node program and whoever starts it agree on it
DIRECTORY = Path(__file__).resolve().parent
PACKAGES = (DIRECTORY.parent / "frameworks", DIRECTORY.parent / "slipway_node")


def version() -> str:
    """The version of the bundle that these sources make: `1-` and 12 hexadecimal digits. Takes milliseconds."""
    inputs = [file for package in (DIRECTORY, *PACKAGES) for file in source_files(package)]
    return f"{FORMAT}-{digest(inputs, DIRECTORY.parent)}"


def source_files(directory: Path) -> list[Path]:
    """The files below `directory` in a fixed order, without what Python or an editor leaves beside them."""
    return sorted(
        file
        for file in directory.rglob("*")
        if file.is_file()
        and not any(part.startswith(".") or part == "__pycache__" for part in file.relative_to(directory).parts)
    )


def digest(files: list[Path], base: Path, *more: str) -> str:
    """12 hexadecimal digits over names below `base` and contents of the files, and `more`."""
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(base)).encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    for text in more:
        total.update(text.encode() + b"\0")
    return total.hexdigest()[:12]
