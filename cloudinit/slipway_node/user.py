"""The user that all of a node's programs run under: on a server of its own the boot begins as root and ends as this.

Jobs are this user too, and the boot begins as root again whenever the node starts. So what root reads and writes there
stays root's: in its folders the user may make what it likes, but take away or replace only what it has made.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from .errors import StepError

NAME = "slipway"
FOLDERS = ("etc/slipway", "var/lib/slipway", "var/log/slipway")
FACTS = "etc/slipway/facts.json"
# The agent writes there who has joined the cluster; it can put no other file in the place of this one.
HOSTS = "etc/hosts"
SHARED = 0o1775  # sticky, as /tmp
READABLE = 0o640


def unprivileged() -> pwd.struct_passwd | None:
    """The user, where we are root. StepError where there is none: nothing of a cluster may run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(NAME)
    except KeyError as error:
        raise StepError(
            f"this node has no user {NAME!r}, under whom all of the cluster's programs run, and as root they shall "
            "not: use an image of `./slipway image`, or add such a system user to yours"
        ) from error


def become(user: pwd.struct_passwd, run: Path, disks: list[Path]) -> None:
    """Share out the node's folders, and be the user from now on."""
    share_out(user.pw_uid, user.pw_gid, run, disks)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ.update({"HOME": user.pw_dir, "USER": NAME, "LOGNAME": NAME})


def share_out(user: int, group: int, run: Path, disks: list[Path], root: Path = Path("/")) -> None:
    """What is the user's, what root's with room for the user, and what the user may only read."""
    for folder in (root / name for name in FOLDERS):
        folder.mkdir(parents=True, exist_ok=True)
        _give(folder, 0, group)
        folder.chmod(SHARED)
    _give(root / FACTS, 0, group)
    (root / FACTS).chmod(READABLE)
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    for place in (run, *disks, root / HOSTS):
        _give(place, user, group)


def _give(place: Path, user: int, group: int) -> None:
    os.chown(place, user, group, follow_symlinks=False)
