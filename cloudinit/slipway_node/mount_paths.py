"""Where a folder of a share may stand on a node: one rule, for whoever asks for it and for the node that mounts it."""

from __future__ import annotations

import posixpath
import re

MOUNT_PATH = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
# fmt: off
SYSTEM_FOLDERS = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/proc", "/root", "/run", "/sbin",
    "/sys", "/tmp", "/usr", "/var",  # noqa: S108
)
# fmt: on


def mount_path_gap(path: str) -> str:
    """What is wrong with the path, as "must ..."; "" where nothing is."""
    if not MOUNT_PATH.fullmatch(path) or posixpath.normpath(path) != path:
        return "must be an absolute path of letters, digits, '.', '_' and '-', such as /data/course"
    if is_inside(path, SYSTEM_FOLDERS):
        return f"must not lie in a folder of the system ({', '.join(SYSTEM_FOLDERS)})"
    return ""


def is_inside(path: str, folders: tuple[str, ...]) -> bool:
    """Whether the path is one of the folders, or lies below one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
