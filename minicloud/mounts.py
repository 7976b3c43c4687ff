"""Mounts of shares in servers: who may is decided by the share's rules, and done in the server's own namespace.

A share is bound into the server's root folder where nobody else sees it. As root, servers run as users of their own
while all in a share belongs to one user, as with an NFS export that squashes: the mount maps the one to the other, so
that what one server wrote another may change, whatever permissions it gave. Modes or access lists could not say that:
programs set them anew.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import select
import signal
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minicloud import init, syscalls
from minicloud.errors import MinicloudError
from minicloud.shares import READ_ONLY, Share, Shares, permitted

LOG = logging.getLogger("compute.mounts")
WORK_SECONDS = 10.0
DONE = "done"
# A pipe passes on as much at once, or nothing.
ANSWER_BYTES = select.PIPE_BUF
# What is to become of a mount.
TO_READ, DETACH = "read-only", "detach"
MOUNT_ROOT = re.compile(r"/shares/(?:\.removed-)?([0-9a-f-]{36})/data(?://deleted)?$")


class Refused(MinicloudError):
    """A mount or unmount that is not done; the text is what `mount` or `umount` prints after its name."""


@dataclass(frozen=True)
class Mount:
    """A share in a server; `path` as the machine names it."""

    share: str
    path: Path
    read_only: bool


@dataclass(frozen=True)
class World:
    """Where a server's mounts are made: the namespace of its first process, below its root folder."""

    pid: int
    root: Path
    uid: int | None

    @property
    def is_own(self) -> bool:
        """Whether it has a namespace of its own."""
        return namespace(self.pid) != namespace(os.getpid())


@dataclass(frozen=True)
class Inside:
    """Where one is after one has gone to a server's mounts: its root folder, and one's own folder of the /proc in which
    one is, both opened."""

    root: int
    proc: int

    def mountinfo(self) -> str:
        with open(os.open("mountinfo", os.O_RDONLY, dir_fd=self.proc), "rb") as stream:
            return os.fsdecode(stream.read())


# Decisions


def decide(export: str, share: Share | None, addresses: list[str], wants_read_only: bool) -> bool:
    """Whether the mount is read-only.

    Raises:
        Refused: nobody exports that, or no rule lets one of these addresses in.
    """
    level = permitted(share.rules, addresses) if share is not None else None
    if level is None:
        # A stranger does not learn whether there is such a share.
        raise Refused(f"access denied by server while mounting {export}")
    return wants_read_only or level == READ_ONLY


def outdated(mount: Mount, share: Share | None, addresses: list[str]) -> str | None:
    """What the rules of now ask of a mount there is: None, TO_READ or DETACH."""
    level = permitted(share.rules, addresses) if share is not None else None
    if level is None:
        return DETACH
    return TO_READ if level == READ_ONLY and not mount.read_only else None


def parse(mountinfo: str) -> list[Mount]:
    """The shares in a /proc/PID/mountinfo."""
    found = []
    for fields in rows(mountinfo):
        match = MOUNT_ROOT.search(unescape(fields[3]))
        if match:
            found.append(Mount(match[1], Path(unescape(fields[4])), "ro" in fields[5].split(",")))
    return found


def below(mountinfo: str, folder: Path) -> list[Path]:
    """The mount points at or below a folder."""
    points = [Path(unescape(fields[4])) for fields in rows(mountinfo)]
    return [point for point in points if point.is_relative_to(folder)]


def rows(mountinfo: str) -> list[list[str]]:
    """Its fields, line by line. The kernel escapes blank, tab and newline; what else Unicode splits at is in names."""
    return [line.split(" ") for line in mountinfo.split("\n") if line]


def unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


# What is there


def of_process(pid: int) -> list[Mount]:
    return parse(mountinfo(pid))


def mountinfo(pid: int | str) -> str:
    # Read as text it would have a carriage return in a name for the end of a line.
    return os.fsdecode(Path(f"/proc/{pid}/mountinfo").read_bytes())


def namespace(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/ns/mnt")  # noqa: PTH115 - it is a name, not a path


def refuse_mounts(folder: Path) -> None:
    """To remove a folder is to remove what is mounted in it.

    Raises:
        MinicloudError: something is.
    """
    points = below(mountinfo("self"), folder.resolve())
    if points:
        raise MinicloudError(f"{points[0]} is a mount, which is not removed; `umount {points[0]}` first")


def hindrance(shares: Shares) -> str | None:
    """Why servers here cannot have mounts of their own; None where they can."""

    def attempt() -> None:
        if os.geteuid() == 0 and shares.owner is not None:
            # Before the namespace: in one of its own a process cannot look at its folders through another's.
            tree = syscalls.open_tree(shares.folder)
            try:
                syscalls.set_attributes(tree, syscalls.READ_ONLY, syscalls.identities(shares.owner, shares.owner + 1))
            except OSError as error:
                where = "choose a home on ext4, xfs or btrfs, and Linux 5.12 or newer"
                raise Refused(f"the file system of {shares.folder} maps no user ids ({error}); {where}") from None
        try:
            init.own_mounts(str(shares.folder))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            # The kernel's word for it would send people to look for a full disk.
            raise Refused("user namespaces are switched off or used up (sysctl user.max_user_namespaces)") from None

    return in_child(attempt)


# What is done


def mount(shares: Shares, world: World, share: str, path: str, read_only: bool) -> None:
    """Raises:
    Refused: the place is not one to mount on, or the machine does not do it.
    """

    def work() -> None:
        attributes = syscalls.NO_SETUID | syscalls.NO_DEVICES | (syscalls.READ_ONLY if read_only else 0)
        if world.uid is not None and shares.owner is not None:
            tree = syscalls.open_tree(shares.data(share))
            syscalls.set_attributes(tree, attributes, syscalls.identities(shares.owner, world.uid))
            inside = enter(world)
        else:
            inside = enter(world)
            tree = syscalls.open_tree(shares.folder / init.ALL_SHARES / share / "data")
            syscalls.set_attributes(tree, attributes)
        target, point = place(inside, path)
        if point == world.root:
            raise Refused("the server's root folder cannot be mounted on")
        if any(each.path == point for each in parse(inside.mountinfo())):
            raise Refused(f"/{path} is busy or already mounted")
        syscalls.attach(tree, target)
        show(world, path, inside.mountinfo())

    do(work)


def show(world: World, path: str, there: str) -> None:
    """Let the server's programs find what lies below its root folder by its own path too, as in a real server.

    Not where the machine has something of that name, or the server no root folder of its own, by the mounts `there`.
    """
    first = Path(path).parts[0]
    if has_own_root(there):
        with contextlib.suppress(FileExistsError):
            Path("/", first).symlink_to(world.root / first)


def has_own_root(text: str) -> bool:
    """By a /proc/PID/mountinfo."""
    return any(fields[4] == "/" and fields[fields.index("-") + 2] == init.OWN_ROOT for fields in rows(text))


def unmount(world: World, path: str, lazy: bool) -> None:
    """Raises:
    Refused: no share is mounted there, or it is in use.
    """

    def work() -> None:
        inside = enter(world)
        target, point = place(inside, path)
        # An open folder is one in use.
        os.close(target)
        if not any(each.path == point for each in parse(inside.mountinfo())):
            raise Refused(f"/{path}: not mounted")
        try:
            detach(inside.root, point.relative_to(world.root), lazy)
        except OSError as error:
            busy = f"/{path}: device is busy"
            raise Refused(busy if error.errno == errno.EBUSY else str(error)) from None

    do(work)


def correct(world: World, mounts: dict[Path, str]) -> None:
    """Make mounts read-only or take them away, whoever uses them; `mounts` in the order in which they were made.

    A mount that is to be read-only is taken away where a file is open for writing.

    Raises:
        Refused: some of it could not be done; all else is.
    """

    def work() -> None:
        root = enter(world).root
        failed = []
        # The newest first: it may cover older ones.
        for path, what in reversed(mounts.items()):
            try:
                restrict(root, path.relative_to(world.root), what)
            except (OSError, ValueError) as error:
                failed.append(f"{path}: {error}")
        if failed:
            raise Refused("; ".join(failed))

    do(work)


def restrict(root: int, path: Path, what: str) -> None:
    # A mount that is taken away stays with who has its working folder there: he shall not write any more.
    try:
        syscalls.set_attributes(syscalls.open_beneath(root, str(path)), syscalls.READ_ONLY)
    except OSError:
        # A file is open for writing.
        what = DETACH
    if what == DETACH:
        detach(root, path, lazy=True)


def enter(world: World) -> Inside:
    """Go where the server's mounts are."""
    # The server may have another /proc, in which we are not.
    proc = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY)
    kinds = [("user", init.CLONE_NEWUSER)] if os.geteuid() != 0 else []
    for name, kind in [*kinds, ("mnt", init.CLONE_NEWNS)]:
        syscalls.enter_namespace(Path(f"/proc/{world.pid}/ns/{name}"), kind)
    return Inside(os.open(world.root, os.O_PATH | os.O_DIRECTORY), proc)


def place(inside: Inside, path: str) -> tuple[int, Path]:
    """A folder below the root folder, opened, and where it really is.

    Raises:
        Refused: there is none.
    """
    try:
        target = syscalls.open_beneath(inside.root, path)
        return target, Path(os.readlink(f"fd/{target}", dir_fd=inside.proc))
    except OSError as error:
        words = {
            errno.ENOENT: f"mount point /{path} does not exist",
            errno.ENOTDIR: f"mount point /{path} is not a directory",
            errno.EXDEV: f"mount point /{path} leads out of the server",
        }
        raise Refused(words.get(error.errno or 0, f"mount point /{path}: {error}")) from None


def detach(root: int, path: Path, lazy: bool) -> None:
    os.fchdir(syscalls.open_beneath(root, str(path.parent)))
    syscalls.unmount(path.name, syscalls.MNT_DETACH if lazy else 0)


def do(work: Callable[[], None]) -> None:
    """In a child, whose namespaces may change."""
    error = in_child(work)
    if error is not None:
        raise Refused(error)


def in_child(work: Callable[[], None]) -> str | None:
    """Do `work` in a process of its own; the text of its error, None where all went well."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            # Names in it need not be UTF-8.
            os.write(writer, outcome(work).encode(errors="backslashreplace")[:ANSWER_BYTES])
        finally:
            # Never on into what the parent does.
            os._exit(0)
    os.close(writer)
    try:
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        if not poll.poll(WORK_SECONDS * 1000):
            return f"no answer in {WORK_SECONDS:.0f} s"
        answer = os.read(reader, ANSWER_BYTES).decode(errors="replace") or "it ended without an answer"
        return None if answer == DONE else answer
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def outcome(work: Callable[[], None]) -> str:
    try:
        work()
    except (MinicloudError, OSError) as error:
        return str(error) or type(error).__name__
    except Exception as error:
        LOG.exception("an error that nobody foresaw")
        return f"{type(error).__name__}: {error}"
    return DONE


def peer(channel: socket.socket) -> int:
    """The pid of who is at the other end."""
    credentials = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0])
