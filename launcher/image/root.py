"""The root file system: Debian 12 by debootstrap, with what a node needs of Debian's packages."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path

from launcher.image.inside import PRIVATE, run_inside
from launcher.image.programs import run
from launcher.problem import Problem

SUITE = "bookworm"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR = "http://deb.debian.org/debian"
BASE = ("systemd", "systemd-sysv", "dbus", "udev")
# What a node needs wherever it runs, and what only a machine needs, which has disks and starts its own services.
NODE = (
    *("ca-certificates", "cloud-init", "iproute2", "iputils-ping", "netbase", "nfs-common", "openjdk-17-jre-headless"),
    *("openssh-client", "procps", "python3", "zstd"),
)
PACKAGES = (*NODE, "cloud-guest-utils", "e2fsprogs", "libpam-systemd", "systemd-resolved")
# What differs from machine to machine or tells of this one; what nobody reads on a node.
REMOVED = (
    *("etc/machine-id", "etc/ssh/ssh_host_*", "var/lib/dbus/machine-id"),
    *("var/lib/apt/lists/*", "var/cache/apt/*.bin", "var/cache/apt/archives/*.deb", "var/cache/debconf/*-old"),
    *("var/cache/ldconfig/aux-cache", "var/lib/dpkg/*-old", "var/lib/cloud/*", "var/lib/systemd/random-seed"),
    *("var/log/*.log", "var/log/apt/*", "var/log/journal/*", "root/.*_history", "root/.cache", "tmp/*", "tmp/.[!.]*"),
    *("usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/info/*"),
)


def mirror(sources: Sequence[str]) -> str:
    """The mirror that this machine's apt asks, by the texts of its lists of sources; Debian's own where none says."""
    for text in sources:
        found = re.search(r"^URIs:\s*(https?://\S+)", text, re.M) or re.search(
            r"^deb\s(?:\[[^\]]*\]\s*)?\s*(https?://\S+)", text, re.M
        )
        if found:
            return found[1]
    return MIRROR


def machine_sources() -> list[str]:
    """This machine's lists of apt's sources, if it is a Debian."""
    folder = Path("/etc/apt")
    files = [folder / "sources.list.d" / "debian.sources", folder / "sources.list"]
    return [file.read_text(encoding="utf-8") for file in files if file.exists()]


def smallest(root: Path, address: str, include: Sequence[str] = ()) -> None:
    """Debian's smallest system in the empty folder `root`, and where its apt finds more."""
    options = ["--variant=minbase", f"--keyring={KEYRING}", *([f"--include={','.join(include)}"] if include else [])]
    run([*PRIVATE, "debootstrap", *options, SUITE, str(root), address], "debootstrap")
    _add_security(root, address)


def bootstrap(root: Path, address: str, packages: Sequence[str]) -> int:
    """Debian in the empty folder `root`; the time of the state of Debian that it is, in seconds since 1970."""
    smallest(root, address, BASE)
    with services_forbidden(root):
        run_inside(root, ["apt-get", "update", "-q"])
        state = state_of_debian(root)
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES, *packages]
        for command in (["apt-get", "dist-upgrade", "-y", "-q"], install, ["apt-get", "clean"]):
            # The initial file system of the kernel has this time too.
            run_inside(root, command, SOURCE_DATE_EPOCH=str(state))
    return state


def _add_security(root: Path, address: str) -> None:
    """Debian's own correction of a release stands beside the release, on any mirror that has it."""
    lines = [f"deb {address} {SUITE} main", f"deb {address} {SUITE}-updates main"]
    if address.rstrip("/").endswith("/debian"):
        lines.append(f"deb {address.rstrip('/')}-security {SUITE}-security main")
    (root / "etc/apt/sources.list").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")


def state_of_debian(root: Path) -> int:
    """The newest date of the Release files that apt has read in the image."""
    texts = [file.read_text(encoding="utf-8") for file in (root / "var/lib/apt/lists").glob("*Release")]
    dates = [found[1] for text in texts if (found := re.search(r"^Date: (.+)$", text, re.M))]
    if not dates:
        raise Problem("the image's apt knows no release", "there is no Release file", "look at the mirror")
    return max(int(parsedate_to_datetime(date).timestamp()) for date in dates)


@contextlib.contextmanager
def services_forbidden(root: Path) -> Iterator[None]:
    """No package starts its service while it is installed."""
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    policy.chmod(0o755)
    yield
    policy.unlink()


def megabytes(folder: Path) -> int:
    return int(run(["du", "-sm", str(folder)], "du").split()[0])


def tidy(root: Path) -> None:
    """Nothing of the machine that made the image, and nothing that two nodes must not share, stays."""
    for pattern in REMOVED:
        for found in root.glob(pattern):
            shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()
    # Empty, not missing: systemd then makes one at the first start.
    (root / "etc/machine-id").touch()
    (root / "etc/hostname").write_text("node\n", encoding="ascii")
    (root / "etc/resolv.conf").unlink(missing_ok=True)  # it may be a link that leads nowhere here
    (root / "etc/resolv.conf").symlink_to("../run/systemd/resolve/resolv.conf")
    (root / "etc/fstab").write_text("", encoding="ascii")


def fix_times(root: Path, epoch: int) -> None:
    """Nothing is newer than `epoch`: two builds of one state of Debian have the same times.

    But the bundle's files, as compiled Python and archives of class data know their sources by their times.
    """
    bundle = root / "opt"
    for folder, folders, files in os.walk(root):
        mine = () if Path(folder).is_relative_to(bundle) else files
        for name in (*mine, *folders, "."):
            path = Path(folder, name)
            if path.lstat().st_mtime > epoch:
                os.utime(path, (epoch, epoch), follow_symlinks=False)
