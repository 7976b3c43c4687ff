"""A job's files on their way out."""

from __future__ import annotations

import html
import json
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

PIECE_BYTES = 256 * 1024


class JobForm:
    """multipart/form-data with the files' bytes read as they go out. `size` in bytes is known before.

    httpx's own form writes names in a way in which quotes and percent signs do not arrive as they are.
    """

    def __init__(self, application: Path, arguments: Sequence[str], files: Sequence[Path]) -> None:
        self._boundary = f"slipway-{secrets.token_hex(16)}"
        head = self._head('name="arguments"') + json.dumps(list(arguments)).encode()
        self._parts: list[tuple[bytes, Path | None]] = [(head, None)]
        for name, path in [("application", application), *(("files", file) for file in files)]:
            _check_name(path.name)
            # Percent-encoded (RFC 5987): quotes, semicolons and letters of any script arrive as they are.
            what = f"name=\"{name}\"; filename*=UTF-8''{quote(path.name, safe='')}"
            self._parts.append((self._head(what, "Content-Type: application/octet-stream\r\n"), path))
        self._end = f"--{self._boundary}--\r\n".encode()
        self._sizes = [path.stat().st_size if path else 0 for _, path in self._parts]
        self.size = sum(len(head) + 2 for head, _ in self._parts) + sum(self._sizes) + len(self._end)

    @property
    def headers(self) -> dict[str, str]:
        kind = f"multipart/form-data; boundary={self._boundary}"
        return {"Content-Type": kind, "Content-Length": str(self.size)}

    def __iter__(self) -> Iterator[bytes]:
        for (head, path), size in zip(self._parts, self._sizes, strict=True):
            yield head
            if path is not None:
                yield from _exactly(path, size)
            yield b"\r\n"
        yield self._end

    def _head(self, what: str, more: str = "") -> bytes:
        return f"--{self._boundary}\r\nContent-Disposition: form-data; {what}\r\n{more}\r\n".encode()


def _exactly(path: Path, size: int) -> Iterator[bytes]:
    """A file's bytes; OSError where there are no longer as many as were announced."""
    rest = size
    with path.open("rb") as file:
        while rest:
            piece = file.read(min(rest, PIECE_BYTES))
            if not piece:
                raise OSError(f"{path} became shorter while it was sent; send it again")
            rest -= len(piece)
            yield piece


def _check_name(name: str) -> None:
    """Servers take the part behind a backslash for the name, and resolve HTML's entities in it."""
    if not name or "\\" in name or html.unescape(name) != name or not name.isprintable():
        raise ValueError(
            f"A file cannot be sent under the name {name!r}: backslashes, control characters and HTML entities such "
            "as &amp; do not arrive as they are. Rename the file."
        )
