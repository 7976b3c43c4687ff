"""Linux's calls for mounts and namespaces: Python's library has none of them."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

from minicloud.init import CLONE_NEWUSER

MNT_DETACH, UMOUNT_NOFOLLOW = 2, 8
# The same on all architectures.
OPEN_TREE, MOVE_MOUNT, OPENAT2, MOUNT_SETATTR = 428, 429, 437, 442
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
FROM_DESCRIPTOR, TO_DESCRIPTOR = 0x04, 0x40
READ_ONLY, NO_SETUID, NO_DEVICES, MAP_IDS = 0x1, 0x2, 0x4, 0x00100000
NO_MAGIC_LINKS, BENEATH = 0x02, 0x08

LIBC = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("flags", "mode", "resolve")]


class _Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "namespace")]


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def enter_namespace(file: Path, kind: int) -> None:
    """Join another process's namespace; the caller has one thread."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(LIBC.setns(descriptor, kind), "setns")
    finally:
        os.close(descriptor)


def open_tree(path: Path) -> int:
    """A copy of what is mounted at `path`, attached nowhere yet."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
    return _checked(LIBC.syscall(OPEN_TREE, AT_FDCWD, os.fsencode(path), ctypes.c_uint(flags)), "open_tree")


def set_attributes(tree: int, attributes: int, identities: int | None = None) -> None:
    """Set what a mount allows; `identities`: a user namespace whose map turns the ids on the disk into those seen."""
    wanted = _Attributes(attributes | (MAP_IDS if identities is not None else 0), 0, 0, identities or 0)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    result = LIBC.syscall(MOUNT_SETATTR, tree, b"", ctypes.c_uint(AT_EMPTY_PATH), ctypes.byref(wanted), size)
    _checked(result, "mount_setattr")


def attach(tree: int, target: int) -> None:
    """Mount the tree on the folder that `target` is open on."""
    flags = ctypes.c_uint(FROM_DESCRIPTOR | TO_DESCRIPTOR)
    _checked(LIBC.syscall(MOVE_MOUNT, tree, b"", target, b"", flags), "move_mount")


def open_beneath(folder: int, path: str) -> int:
    """Open a folder below `folder` as a place; a link or `..` that leads out of it is refused by the kernel."""
    how = _How(os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, 0, BENEATH | NO_MAGIC_LINKS)
    size = ctypes.c_size_t(ctypes.sizeof(how))
    return _checked(LIBC.syscall(OPENAT2, folder, os.fsencode(path), ctypes.byref(how), size), "openat2")


def unmount(path: str, flags: int = 0) -> None:
    _checked(LIBC.umount2(os.fsencode(path), flags | UMOUNT_NOFOLLOW), "umount")


def identities(disk: int, seen: int) -> int:
    """A user namespace that maps one user and group: `disk` on the disk is `seen` by who uses the mount; needs root.

    A namespace lives by its processes and descriptors: a child makes it and is ended.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            done = LIBC.unshare(CLONE_NEWUSER) == 0
            os.write(writer, b"y" if done else b"n")
            # A signal that is handled ends a pause.
            while True:
                signal.pause()
        finally:
            # Never on into what the parent does.
            os._exit(1)
    try:
        if os.read(reader, 1) != b"y":
            raise OSError("this machine allows no user namespaces")
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{child}", name).write_text(f"{disk} {seen} 1\n", encoding="ascii")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(reader)
        os.close(writer)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
