"""What makes a Debian a node: the unit, cloud-init's few modules, the user, and nothing else that runs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from launcher.image.inside import run_inside
from launcher.image.programs import run

TREE = Path(__file__).with_name("tree")
USER, USER_ID = "slipway", 61000
ENABLED = (
    *("slipway-node.service", "systemd-networkd.service", "systemd-networkd-wait-online.service"),
    "systemd-resolved.service",
)
# What Debian's packages enable and a node has no use for.
DISABLED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"),
    *("e2scrub_reap.service", "nfs-client.target", "rpcbind.service", "rpcbind.socket", "nfs-blkmap.service"),
    *("systemd-pstore.service", "systemd-timesyncd.service", "getty@tty1.service"),
)


def settle(root: Path, overlays: Collection[Path]) -> None:
    """Our files, then a site's own over them; the user; which services run."""
    for tree in (TREE, *overlays):
        # A link in the way is replaced, never written through: it may lead to this machine's own files.
        how = ["-a", "--no-preserve=ownership", "--remove-destination"]
        run(["cp", *how, f"{tree}/.", str(root)], f"copying {tree} into the image")
    # A site's own authorities among them, which Heat and the portal may be signed by.
    run_inside(root, ["update-ca-certificates"])
    _add_user(root)
    for unit in DISABLED:
        _systemctl(root, "disable", unit)
    for unit in ENABLED:
        _systemctl(root, "enable", unit)


def _systemctl(root: Path, verb: str, unit: str) -> None:
    # It reads and writes links only: no systemd runs there.
    run_inside(root, ["systemctl", "--quiet", verb, unit])


def _add_user(root: Path) -> None:
    """Fixed numbers, of the group too: what one cluster writes into a folder, the next one's jobs may change."""
    run_inside(root, ["groupadd", "--system", f"--gid={USER_ID}", USER])
    home = f"--home-dir=/var/lib/{USER}"
    add = ["useradd", "--system", f"--uid={USER_ID}", f"--gid={USER}", home, "--shell=/usr/sbin/nologin", USER]
    run_inside(root, add)
