"""The user that all of a node's programs run under: on a server of its own the boot begins as root and ends as this."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

NAME = "slipway"
FOLDERS = ("/etc/slipway", "/var/lib/slipway", "/var/log/slipway")
FILES = ("/etc/slipway/facts.json", "/etc/hosts", "/var/log/slipway/boot.log")


def unprivileged() -> pwd.struct_passwd | None:
    """The user, where we are root and there is one."""
    try:
        return pwd.getpwnam(NAME) if os.geteuid() == 0 else None
    except KeyError:
        return None


def become(user: pwd.struct_passwd, run: Path, *disks: Path) -> None:
    """Give the user what is the node's own, and be the user from now on.

    /etc/hosts too: the agent writes there who has joined the cluster.
    """
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (*map(Path, FOLDERS), run, *disks):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)
    for file in map(Path, FILES):
        if file.exists():
            os.chown(file, user.pw_uid, user.pw_gid, follow_symlinks=False)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ.update({"HOME": user.pw_dir, "USER": NAME, "LOGNAME": NAME})
