"""Where a machine allows no mounts: a link in the server's root folder stands for a mount that may write.

A link cannot be read-only: that is refused by whoever calls this. Only where all runs as one user: as root a server
may not pass through the shares' folder.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from minicloud.files import read_json, write_json
from minicloud.mounts import Mount, Refused

NOTE = "links.json"


def of_server(folder: Path) -> list[Mount]:
    """The links that stand for mounts in a server's folder."""
    known = read_json(folder / NOTE) or {}
    links = [Mount(share, folder / "root" / path, read_only=False) for path, share in known.items()]
    return [link for link in links if link.path.is_symlink()]


def put(folder: Path, path: str, share: str, data: Path) -> None:
    """Put a link in the place of an empty folder.

    Raises:
        Refused: there is no empty folder of the server's.
    """
    point = folder / "root" / path
    if not point.is_dir():
        raise Refused(f"mount point /{path} does not exist")
    if point.is_symlink():
        raise Refused(f"/{path} is busy or already mounted")
    if not point.resolve().is_relative_to((folder / "root").resolve()):
        raise Refused(f"mount point /{path} leads out of the server")
    try:
        point.rmdir()
    except OSError:
        raise Refused(f"mount point /{path} is not empty, and a link cannot cover what is in it") from None
    write_json(folder / NOTE, (read_json(folder / NOTE) or {}) | {path: share})
    point.symlink_to(data)


def take(folder: Path, path: str) -> None:
    """Put the folder back in the place of a link.

    Raises:
        Refused: there is no link.
    """
    known = read_json(folder / NOTE) or {}
    if known.pop(path, None) is None:
        raise Refused(f"/{path}: not mounted")
    point = folder / "root" / path
    if point.is_symlink():
        point.unlink()
    with contextlib.suppress(FileExistsError, FileNotFoundError):
        point.mkdir()
    write_json(folder / NOTE, known)
