"""One server: its folders, its user, its first process."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from minicloud import mounts, processes, user_data
from minicloud.addresses import host_lock
from minicloud.driver import Started
from minicloud.errors import MinicloudError
from minicloud.files import make_folder, tail, write_text
from minicloud.mount_service import DOOR
from minicloud.settings import Settings

INIT = Path(__file__).with_name("init.py")
MOUNT_PROGRAM = Path(__file__).with_name("mount_program.py")
READY_SECONDS = 20.0
# The loop of compute waits no longer for its turn among the homes of this machine: it comes again.
TURN_SECONDS = 2.0
CONSOLE_LIMIT, CONSOLE_KEPT = 4 << 20, 1 << 20
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NSS_WRAPPER = "libnss_wrapper.so"


def run_folder(settings: Settings, identifier: str) -> Path:
    """The short folder for a server's own sockets."""
    return settings.run / "s" / identifier.replace("-", "")[:8]


def environment_of(
    settings: Settings, identifier: str, record: dict[str, Any], folder: Path, uid: int | None
) -> dict[str, str]:
    """What every program of the server finds in its environment (docs/architecture.md, "Contract: a server")."""
    root = folder / "root"
    environment = {
        processes.MARKER: identifier,
        "SLIPWAY_NODE_ROOT": str(root),
        "SLIPWAY_ADDRESS": record["ports"][0]["address"] if record["ports"] else "",
        "SLIPWAY_MEMORY_MB": str(record["flavor"]["memory_mb"]),
        "SLIPWAY_VCPUS": str(record["flavor"]["vcpus"]),
        "SLIPWAY_RUN": str(run_folder(settings, identifier)),
        "PATH": f"{root / 'usr/bin'}:{PATH}",
        "HOME": str(root / "root"),
        "LANG": "C.UTF-8",
        **{name: os.environ[name] for name in ("JAVA_HOME",) if os.environ.get(name)},
    }
    if uid is not None:
        environment |= {
            "LD_PRELOAD": NSS_WRAPPER,
            "NSS_WRAPPER_PASSWD": str(folder / "nss/passwd"),
            "NSS_WRAPPER_GROUP": str(folder / "nss/group"),
        }
    return environment


def mount_programs(python: str, root: str, door: str, folder: str) -> list[user_data.File]:
    """`mount` and `umount` as the server's programs find them, in `folder`; `root`: its root folder, `door`: whom they
    ask."""
    script = "/usr/lib/slipway/mount_program.py"
    command = [python, "-I", "-S", root.rstrip("/") + script, root, door]
    files: list[user_data.File] = [{"path": script, "content": MOUNT_PROGRAM.read_text(), "permissions": 0o644}]
    for program in ("mount", "umount"):
        text = f'#!/bin/sh\nexec {shlex.join(command)} {program} "$@"\n'
        files.append({"path": f"{folder}/{program}", "content": text, "permissions": 0o755})
    return files


def image_files(environment: dict[str, str]) -> list[user_data.File]:
    """The programs that a server has in place of the machine's."""
    # The virtual environment may be closed to the server's user; the script needs the bare interpreter only.
    python, door = str(Path(sys.executable).resolve()), f"{environment['SLIPWAY_RUN']}/{DOOR}"
    return mount_programs(python, environment["SLIPWAY_NODE_ROOT"], door, "/usr/bin")


def plan_of(
    record: dict[str, Any], environment: dict[str, str], uid: int | None, shares: Path | None
) -> dict[str, Any]:
    """What the first process reads; see `minicloud.init`. `shares`: see `start`.

    Raises:
        MinicloudError: the user data cannot be carried out.
    """
    actions = user_data.parse(record["user_data"])
    return {
        "uid": uid,
        "root": environment["SLIPWAY_NODE_ROOT"],
        "bundle": record["bundle"],
        "shares": None if shares is None else str(shares),
        "environment": environment,
        "runcmd": actions["runcmd"],
        "write_files": image_files(environment) + actions["write_files"],
    }


def start(
    settings: Settings,
    identifier: str,
    record: dict[str, Any],
    folder: Path,
    uids: tuple[set[int], int | None],
    shares: Path | None,
) -> Started:
    """Start the server on its root folder, which may be there already.

    `uids`: those of the home's other servers, and the one this server had before. The machine-wide lock is held
    until the first process shows its uid, so that two homes never give the same to two servers.
    `shares`: the folder of all shares, which it shall not see but by its mounts; None where it cannot have any.

    Raises:
        BusyError: another home starts a server.
        MinicloudError: why the server cannot start.
    """
    with host_lock(TURN_SECONDS):
        uid = None
        if os.geteuid() == 0:
            uid = processes.free_uid(settings.uid_base, uids[0], processes.snapshot(), uids[1])
        make_folders(settings, identifier, folder, uid)
        environment = environment_of(settings, identifier, record, folder, uid)
        plan = plan_of(record, environment, uid, shares)
        child = _spawn(folder, plan, identifier, uid)
    began = processes.start_time(child.pid)
    if began is None:
        raise MinicloudError("its first process ended at once: " + tail(folder / "console.log", 400).strip())
    return Started(child.pid, began, uid, child)


def _spawn(folder: Path, plan: dict[str, Any], identifier: str, uid: int | None) -> subprocess.Popen[bytes]:
    reader, writer = os.pipe()
    console = os.open(folder / "console.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    if uid is not None:
        os.fchown(console, uid, uid)
    try:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", str(INIT), str(writer)],
            stdin=subprocess.PIPE,
            stdout=console,
            stderr=console,
            env={processes.MARKER: identifier, "PATH": PATH, "LANG": "C.UTF-8"},
            cwd="/",
            pass_fds=(writer,),
            start_new_session=True,
        )
    finally:
        os.close(writer)
        os.close(console)
    try:
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(json.dumps(plan).encode())
        answer = _answer(reader)
    finally:
        os.close(reader)
    if answer != "ready":
        child.kill()
        child.wait()
        why = answer.removeprefix("failed: ") or "no word from its first process"
        raise MinicloudError(f"{why}; console: {tail(folder / 'console.log', 400).strip()}")
    return child


def _answer(reader: int) -> str:
    """What the first process says; empty when it dies or stays silent."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    if not poll.poll(READY_SECONDS * 1000):
        return ""
    return os.read(reader, 4096).decode("utf-8", "replace").strip()


def make_folders(settings: Settings, identifier: str, folder: Path, uid: int | None) -> None:
    """The root folder and the run folder, the server's own; as root also the accounts that its programs see."""
    make_folder(settings.run / "s", 0o711)
    root, run = folder / "root", run_folder(settings, identifier)
    for owned in (root, run):
        owned.mkdir(mode=0o700, exist_ok=True)
        if uid is not None and owned.stat().st_uid != uid:
            give(owned, uid)
    if uid is not None:
        accounts = make_folder(folder / "nss", 0o755)
        # A colon ends a field.
        home = str(root / "root") if ":" not in str(root) else "/"
        write_text(accounts / "passwd", f"slipway:x:{uid}:{uid}:slipway:{home}:/bin/sh\n", 0o644)
        write_text(accounts / "group", f"slipway:x:{uid}:\n", 0o644)


def give(folder: Path, uid: int) -> None:
    """Make all in a folder the uid's own; links themselves, never what they point to. The folder comes last."""
    for path, folders, files in os.walk(folder, topdown=False, followlinks=False):
        for name in folders + files:
            os.chown(Path(path, name), uid, uid, follow_symlinks=False)
    os.chown(folder, uid, uid, follow_symlinks=False)


def bound_console(folder: Path) -> None:
    """Let a console that has grown too long keep its end; what writes to it appends."""
    path = folder / "console.log"
    # One that is not there yet, or a full disk, is no trouble of the console's.
    with contextlib.suppress(OSError):
        if path.stat().st_size <= CONSOLE_LIMIT:
            return
        end = tail(path, CONSOLE_KEPT)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_TRUNC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
            stream.write(f"[the console was too long: this is its end]\n{end}")


def remove(settings: Settings, identifier: str, folder: Path) -> None:
    """Remove what a server had. The folder is renamed first: it is there with its record, or not at all.

    Raises:
        MinicloudError: something is mounted in it, which would be removed with it.
    """
    mounts.refuse_mounts(folder)
    shutil.rmtree(run_folder(settings, identifier), ignore_errors=True)
    trash = folder.with_name(f".removed-{folder.name}")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def check_machine(settings: Settings) -> None:
    """Can servers run here under uids of their own?

    Raises:
        MinicloudError: what is in the way.
    """
    if not settings.bundle.is_dir():
        raise MinicloudError(f"the bundle {settings.bundle} is not there; build it first")
    if os.geteuid() != 0:
        return
    closed = [path for each in (settings.home, settings.bundle, settings.run) for path in closed_folders(each)]
    if closed:
        raise MinicloudError(
            f"servers run under user ids of their own, which may not pass through {closed[0]}; "
            f"`chmod o+x {closed[0]}`, or choose a home and a cache below /var"
        )
    try:
        # Loaded as it will be: the linker's cache does not list every library that it finds.
        ctypes.CDLL(NSS_WRAPPER)
    except OSError:
        raise MinicloudError(f"{NSS_WRAPPER} is missing; `apt-get install libnss-wrapper`") from None


def closed_folders(path: Path) -> list[Path]:
    """The folders from the top down to `path` that others may not pass through."""
    whole = path.resolve()
    return [each for each in [*reversed(whole.parents), whole] if not each.stat().st_mode & stat.S_IXOTH]
