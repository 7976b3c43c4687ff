"""Files that are either whole or not there."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from minicloud.errors import DamagedError


def write_text(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace `path` by `text` at once; its folder must exist."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def write_json(path: Path, value: Any, mode: int = 0o600) -> None:
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n", mode)


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in `path`; None where there is no such file (its folder may have gone in between).

    Raises:
        DamagedError: it is no object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise DamagedError(f"{path} is damaged: {error}") from None
    if not isinstance(value, dict):
        raise DamagedError(f"{path} is damaged: it holds no JSON object")
    return value


def make_folder(path: Path, mode: int) -> Path:
    """Make `path` (and what is above it) and give it exactly `mode`, whatever the umask."""
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
    return path


def tail(path: Path, size: int) -> str:
    """The last `size` bytes of a text file; empty where it does not exist."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - size))
            return stream.read(size).decode("utf-8", "replace")
    except OSError:
        return ""
