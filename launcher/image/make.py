"""The steps of `./slipway image`, in their order."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import bundle, environments, system
from launcher.console import Console, Step
from launcher.image import boot_loader, disk, inside, keystore, root, settle, software
from launcher.paths import Paths
from launcher.problem import Problem

PURPOSES = MACHINE, CONTAINER = "machine", "container"
FRAMEWORK = "spark"
FETCHED = "fetched"  # in place of the bundle's version, where an image has none: the portal's own is fetched
TOOLS = {"debootstrap": "debootstrap", "mkfs.ext4": "e2fsprogs", "zstd": "zstd"}
PROCESSOR = "x86_64"  # that the disk's kernel and boot loader are for
TOOLS_FOR: dict[str, dict[str, str]] = {"raw": {}, "qcow2": {"qemu-img": "qemu-utils"}}
PYTHON = "/usr/bin/python3.11"  # the image's; the bundle's environments stand on it


@dataclass(frozen=True)
class Wish:
    """What image is wanted. `mirror` is "" for that of this machine's apt.

    A container's image is a root file system alone; a machine's has a kernel and a boot loader.
    """

    output: Path
    form: str
    purpose: str
    with_bundle: bool
    overlays: tuple[Path, ...]
    packages: tuple[str, ...]
    mirror: str


def make(paths: Paths, wish: Wish, console: Console) -> None:
    """Make the image, and beside it a file NAME.json with its properties; print how Glance takes it."""
    _check(wish)
    wish.output.parent.mkdir(parents=True, exist_ok=True)
    with inside.scratch(wish.output.parent) as folder:
        Making(paths, wish, console, folder).run()


class Making:
    """One image and what the steps hand on to one another."""

    def __init__(self, paths: Paths, wish: Wish, console: Console, scratch: Path) -> None:
        self.paths = paths
        self.wish = wish
        self.console = console
        self.root = scratch / "root"
        self.raw = scratch / "image.raw"
        self.version = ""

    def run(self) -> None:
        steps = [("tools", self.install), ("debian", self.bootstrap), ("settings", self.settle)]
        steps += [("bundle", self.add_bundle)]
        steps += [] if self.wish.with_bundle else [("archive", self.take_bundle_out)]
        for title, action in [*steps, ("image", self.pack)]:
            with self.console.step(title) as step:
                action(step)
        self._tell()

    def install(self, step: Step) -> None:
        missing = need({**TOOLS, **TOOLS_FOR[self.wish.form]}, step.say)
        if self.wish.purpose == MACHINE and (more := boot_loader.missing_packages()):
            system.install(more, step.say)
            missing += more
        step.result = f"installed {', '.join(missing)}" if missing else "all there"

    def bootstrap(self, step: Step) -> None:
        address = self.wish.mirror or root.mirror(root.machine_sources())
        kernel = boot_loader.PACKAGES if self.wish.purpose == MACHINE else ()
        state = root.bootstrap(self.root, address, (*kernel, *self.wish.packages))
        self.epoch = int(os.environ.get("SOURCE_DATE_EPOCH", state))
        step.result = f"Debian {root.SUITE}, {root.megabytes(self.root)} MB"

    def settle(self, step: Step) -> None:
        settle.settle(self.root, self.wish.overlays)
        step.result = "the node's unit, cloud-init, the network"

    def add_bundle(self, step: Step) -> None:
        portal = environments.ensure(self.paths, "portal", step.say)
        made = bundle.ensure(self.paths, portal, step.say)
        self.version = made.name
        self.bundle = made
        place = software.copy_bundle(made, self.root)
        software.make_archives(place, self.root, self.paths.top)
        step.result = f"{made.name}, {root.megabytes(self.root / software.STORE)} MB"

    def take_bundle_out(self, step: Step) -> None:
        archive = self.wish.output.with_name(f"slipway-software-{self.version}.tar.zst")
        total = software.pack(self.root, archive)
        archive.with_name(archive.name + ".sha512").write_text(f"{total}  {archive.name}\n", encoding="ascii")
        software.add_fetcher(self.bundle, self.root)
        self.version = FETCHED
        step.result = f"{archive}, {archive.stat().st_size // 1_000_000} MB; SLIPWAY_SOFTWARE={archive} serves it"

    def pack(self, step: Step) -> None:
        finish(self.root, self.wish.purpose, self.epoch)
        write = boot_loader.disk if self.wish.purpose == MACHINE else disk.file_system
        write(self.root, self.raw, self.epoch)
        disk.convert(self.raw, self.wish.output, self.wish.form)
        step.result = f"{self.wish.output}, {self.wish.output.stat().st_blocks * 512 // 1_000_000} MB"

    def _tell(self) -> None:
        described = properties(self.version)
        beside = self.wish.output.with_name(self.wish.output.name + ".json")
        document = {"disk_format": self.wish.form, "container_format": "bare", "properties": described}
        beside.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        self.console.say(f"\nMade in {self.console.seconds:.0f} s. Its properties stand in {beside}. For Glance:\n")
        self.console.say(f"  {glance_line(self.wish.output, self.wish.form, described)}")


def finish(tree: Path, purpose: str, epoch: int) -> None:
    """The last changes of the tree. The times come last: what is written after them would tell when it was made."""
    root.tidy(tree)
    if purpose == MACHINE:
        boot_loader.configure(tree)
    keystore.date_entries(tree, epoch)
    root.fix_times(tree, epoch)


def properties(version: str) -> dict[str, str]:
    """What Glance is told about the image, and the portal's catalogue reads there."""
    known = {"slipway_framework": FRAMEWORK, "slipway_bundle": version}
    general = {"architecture": platform.machine(), "os_type": "linux", "os_distro": "debian", "os_version": "12"}
    return {**known, **general}


def glance_line(image: Path, form: str, described: dict[str, str]) -> str:
    """The command that puts the image into Glance."""
    name = f"slipway-{described['slipway_framework']}-{described['slipway_bundle']}"
    words = ["openstack", "image", "create", "--disk-format", form, "--container-format", "bare", "--file", str(image)]
    for key, value in described.items():
        words += ["--property", f"{key}={value}"]
    return shlex.join([*words, name])


def check_processor(purpose: str, processor: str) -> None:
    """The boot loader is that of one kind of machine only."""
    if purpose == MACHINE and processor != PROCESSOR:
        raise Problem(
            f"a disk for virtual machines can be made on {PROCESSOR} only",
            f"its kernel and boot loader are {PROCESSOR}'s, and this machine is {processor}",
            f"make it on a machine with {PROCESSOR}; `--for container` makes a file system, on any",
        )


def _check(wish: Wish) -> None:
    check_processor(wish.purpose, platform.machine())
    check_root()
    check_interpreter()
    for overlay in wish.overlays:
        if not overlay.is_dir():
            raise Problem(f"{overlay} is no folder", "its files were to stand in the image", "name another --overlay")


def check_root() -> None:
    if os.geteuid() != 0:
        raise Problem(
            "an image can be made by root only",
            "a root file system is made with its owners and devices, and programs run inside it",
            "run it with sudo, on any machine with Debian 12: the image is one file, to be carried anywhere",
        )


def check_interpreter() -> None:
    if str(environments.interpreter().resolve()) != PYTHON:
        raise Problem(
            "the image needs the bundle of a Debian 12",
            f"nodes run it on {PYTHON}, and here it would stand on {environments.interpreter().resolve()}",
            "make the image on a machine with Debian 12",
        )


def need(programs: Mapping[str, str], say: Callable[[str], None]) -> list[str]:
    """Install the packages of programs that are not there; which these were."""
    missing = [package for program, package in programs.items() if not shutil.which(program)]
    if missing:
        system.install(missing, say)
    return missing
