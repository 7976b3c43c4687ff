"""The first process of a server: carries out the user data, reaps orphans, ends the server when told to.

It is started by its path with the plan on standard input (see `minicloud.server.plan_of`), the console as its
output, and the number of a file descriptor to say "ready" or why not. It runs with `python -I -S`: nothing but the
standard library.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_READ_ONLY, MS_NO_SETUID, MS_NO_DEVICES, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_RECURSIVE, MS_UNBINDABLE, MS_SLAVE = 4096, 16384, 1 << 17, 1 << 19
MNT_DETACH = 2
# What the machine's list of mounts says of a root folder that is a server's own.
OWN_ROOT = "slipway-root"
# Below the hidden folder of shares: the real one, for compute alone.
ALL_SHARES = "all"
OPEN_FILES = 65536
# Processes and threads of a server that has a user of its own: far more than it needs, far less than there are.
MOST_PROCESSES = 4096
# Where the machine's memory ends, its kernel ends programs of servers before those of the portal and the cloud.
FIRST_TO_BE_KILLED = 500
# How long the server's programs may take to end before they are killed; compute waits a little longer.
GRACE_SECONDS = 12.0
AWAITED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
    channel = int(sys.argv[1])
    plan: dict[str, Any] = json.load(sys.stdin)
    try:
        if plan["shares"] is not None:
            own_mounts(plan["shares"])
        become(plan["uid"])
        root = Path(plan["root"])
        prepare(root, plan)
    except OSError as error:
        report(channel, f"failed: {error}")
        sys.exit(1)
    report(channel, "ready")
    os.environ.clear()
    os.environ.update(plan["environment"])
    if run_commands(root, plan["runcmd"]):
        say("user data carried out")
        wait_for_the_end()
    end_everything()
    say("stopped")


def call(name: str, *arguments: object) -> None:
    """A function of the C library that Python's has not."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    call("mount", *words[:3], ctypes.c_ulong(flags), words[3])


def own_mounts(shares: str) -> None:
    """Mounts of one's own, which nobody outside sees, nor what is mounted there later."""
    _own_namespace(shares)
    try:
        _own_root(shares)
    except OSError as error:
        # As on an initial ramdisk. Programs find their mounts below the server's root folder only.
        say(f"no root folder of its own: {error}")


def _own_root(place: str) -> None:
    """The machine's root folder anew, all of it bound into one that is ours: what the machine has not can be put there.
    It is made at `place`, which is seen no more meanwhile."""
    mount(OWN_ROOT, place, "tmpfs", MS_NO_SETUID | MS_NO_DEVICES, "mode=755,size=1m")
    # Else it would be bound into itself.
    mount(None, place, None, MS_UNBINDABLE)
    for entry in os.scandir("/"):
        copy = f"{place}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), copy)  # noqa: PTH211, PTH115 - words, not paths
            continue
        if entry.is_dir():
            Path(copy).mkdir()
        else:
            Path(copy).touch()
        mount(entry.path, copy, None, MS_BIND | MS_RECURSIVE)
    os.chdir(place)
    # The old root comes to lie on the new one, and is taken off.
    call("pivot_root", b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def _own_namespace(shares: str) -> None:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        call("unshare", CLONE_NEWNS)
        mount(None, "/", None, MS_RECURSIVE | MS_SLAVE)
        return
    call("unshare", CLONE_NEWNS | CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path("/proc/self", name).write_text(text, encoding="ascii")
    # As root the permissions of the shares' folder close it to servers. Here all runs as one user: the folder is
    # covered by one that lets nobody pass but who has rights over this namespace, which programs of the server lose
    # as they are executed.
    before = os.open(shares, os.O_PATH | os.O_DIRECTORY)
    closed = MS_NO_SETUID | MS_NO_DEVICES
    mount("tmpfs", shares, "tmpfs", closed, "mode=0,size=4k")
    (Path(shares) / ALL_SHARES).mkdir()
    mount(f"/proc/self/fd/{before}", f"{shares}/{ALL_SHARES}", None, MS_BIND)
    mount(None, shares, None, MS_REMOUNT | MS_BIND | MS_READ_ONLY | closed)
    os.close(before)


def become(uid: int | None) -> None:
    """Take on the server's own user and its bounds; reap what its programs leave behind."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    score = Path("/proc/self/oom_score_adj")
    # It may be raised by anybody, and lowered by nobody but root.
    score.write_text(str(max(FIRST_TO_BE_KILLED, int(score.read_text()))), encoding="ascii")
    if uid is not None:
        # Counted for a user: without one of its own all that the user runs would count.
        resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    os.umask(0o022)


def prepare(root: Path, plan: dict[str, Any]) -> None:
    """Make the image's part of the root folder and write the files, each whole or not at all."""
    os.chdir(root)
    (root / "root").mkdir(mode=0o700, exist_ok=True)
    for folder in ("etc", "opt", "tmp", "var"):
        (root / folder).mkdir(exist_ok=True)
    link = root / "opt/slipway"
    if not link.is_symlink():
        link.symlink_to(plan["bundle"])
    for file in plan["write_files"]:
        path = below(root, file["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(file["content"])
        temporary.chmod(file["permissions"])
        temporary.replace(path)


def below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def argv_of(root: Path, command: list[str] | str) -> list[str]:
    """The words to execute: a text goes to the shell; a program of the server comes before the machine's."""
    if isinstance(command, str):
        return ["/bin/sh", "-c", command]
    program = command[0]
    if program.startswith("/") and below(root, program).exists():
        program = str(below(root, program))
    return [program, *command[1:]]


def run_commands(root: Path, commands: list[list[str] | str]) -> bool:
    """Run one after the other; one that fails does not stop the next, as with cloud-init. False: told to end."""
    for number, command in enumerate(commands, 1):
        argv = argv_of(root, command)
        say(f"command {number} of {len(commands)}: {argv[0]}")
        begin = time.monotonic()
        try:
            pid = os.posix_spawnp(
                argv[0], argv, dict(os.environ), setsigmask=[], setsigdef=[signal.SIGPIPE, signal.SIGXFSZ]
            )
        except OSError as error:
            say(f"command {number} cannot be run: {error}")
            continue
        status = wait_for(pid)
        if status is None:
            return False
        say(f"command {number} ended with {os.waitstatus_to_exitcode(status)} after {time.monotonic() - begin:.1f} s")
    return True


def wait_for(pid: int) -> int | None:
    """The status of a child when it ends; None when told to end. Reaps all others meanwhile."""
    while True:
        status = reap().get(pid)
        if status is not None:
            return status
        if signal.sigwaitinfo(AWAITED).si_signo != signal.SIGCHLD:
            return None


def wait_for_the_end() -> None:
    while True:
        reap()
        if signal.sigwaitinfo(AWAITED).si_signo != signal.SIGCHLD:
            return


def reap() -> dict[int, int]:
    """Statuses of the children that have ended."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status


def end_everything() -> None:
    """SIGTERM to each child, and to each that becomes one; SIGKILL after the grace; until none is left."""
    deadline = time.monotonic() + GRACE_SECONDS
    asked: set[int] = set()
    while True:
        reap()
        alive = children()
        if not alive:
            return
        late = time.monotonic() > deadline
        for pid in alive if late else alive - asked:
            kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= alive
        if time.monotonic() > deadline + GRACE_SECONDS:
            return
        signal.sigtimedwait({signal.SIGCHLD}, 0.2 if late else max(0.05, deadline - time.monotonic()))


def kill(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError) as error:
        say(f"process {pid} cannot be signalled: {error}")


def children() -> set[int]:
    """The living children of this process; nobody else can reap them, so their pids are theirs."""
    own = str(os.getpid())
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()
        if fields[1] == own and fields[0] not in "ZX":
            found.add(int(folder.name))
    return found


def report(channel: int, text: str) -> None:
    os.write(channel, (text + "\n").encode())
    os.close(channel)


def say(text: str) -> None:
    """A line on the console."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"[{stamp}] init: {text}", flush=True)


if __name__ == "__main__":
    main()
