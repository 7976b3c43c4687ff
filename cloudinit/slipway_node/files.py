"""Files that are whole or not there."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

LOG_BYTES = 64 * 1024
FRAME = re.compile(r"\s+(at |\.\.\. \d+ more)")


def write_file(path: Path, text: str, mode: int = 0o644) -> bool:
    """Write the file whole, making its folder; True where it changed. The mode is set before anything is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    try:
        if path.read_bytes() == data and path.stat().st_mode & 0o777 == mode:
            return False
    except FileNotFoundError:
        pass
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return True


def last_words(path: Path, size: int) -> str:
    """The end of a program's log in at most so many bytes, without the frames of Java's traces: the causes count."""
    lines = tail(path, LOG_BYTES).splitlines()
    return "\n".join(line for line in lines if not FRAME.match(line)).encode()[-size:].decode(errors="replace")


def tail(path: Path, size: int) -> str:
    """The last bytes of a file as text, whole lines where it can be; "" where there is no file."""
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, end - size))
            text = stream.read(size).decode(errors="replace")
    except OSError:
        return ""
    if end > size and "\n" in text:
        text = text.partition("\n")[2]
    return text.strip()
