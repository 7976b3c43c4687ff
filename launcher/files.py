"""Files that are whole or absent, and locks that die with their holder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from launcher.problem import Problem


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace `path` by `text`; a reader, and a crash, see the old file or the new one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any, mode: int = 0o644) -> None:
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n", mode)


def read_json(path: Path) -> Any:
    """The value in `path`; FileNotFoundError if there is no such file; Problem if it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Problem(
            f"{path} is not JSON",
            str(error),
            "repair that file, or `./slipway reset --yes` for a new start",
        ) from error


def fingerprint(*parts: object) -> str:
    """12 hex digits that change when any of the parts (JSON values, paths as strings) changes."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def tree_fingerprint(top: Path, names: Iterable[str]) -> str:
    """12 hex digits over the names and bytes of the files below `top/NAME`; what is not there counts as empty."""
    digest = hashlib.sha256()
    for name in names:
        start = top / name
        files = [start] if start.is_file() else sorted(start.rglob("*"))
        for file in files:
            if "__pycache__" in file.parts or not file.is_file():
                continue
            digest.update(f"{file.relative_to(top)}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def size_of(folder: Path) -> int:
    """Bytes of the files below `folder`, a hard link counted once."""
    seen: dict[tuple[int, int], int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                status = Path(parent, name).lstat()
                seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values())


def human_size(count: float) -> str:
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    if count < 1_000_000_000:
        return f"{count / 1_000_000:.0f} MB"
    return f"{count / 1_000_000_000:.1f} GB"


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the one at `path`: `reset` may have removed it while we waited."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[str], None], seconds: float = 1800) -> Iterator[int]:
    """Hold the lock file `path`; yields its descriptor. `waiting` is told once who holds it.

    A child that was given the descriptor (pass_fds) keeps the lock alive after us, which is wanted: what it writes must
    not be touched by the next holder. Problem after `seconds`.
    """
    deadline = time.monotonic() + seconds
    told = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_current(descriptor, path):
                break
        except BlockingIOError:
            holder = path.read_text(encoding="utf-8").strip() or "another process"
            if not told:
                waiting(holder)
                told = True
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise Problem(
                    f"gave up waiting for {path}",
                    f"it is held by {holder} for more than {seconds:.0f} s",
                    "wait for that process, or end it, and try again",
                ) from None
            time.sleep(0.2)
        os.close(descriptor)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)
