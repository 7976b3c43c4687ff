"""The image of nodes that are containers, in three: Debian, the software, the node program.

Each is named by what it is made from, and made only where the engine has none of that name: a new node program does
not rebuild Spark. What stands in it is the same as in Glance's image: packages, user, cloud-init's modules, bundle.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import IO

from launcher.console import Step
from launcher.engine import Engine
from launcher.files import fingerprint, tree_fingerprint
from launcher.image import inside, make, root, settle, software
from launcher.paths import TOP
from launcher.problem import Problem

FOLDER = TOP / "docker" / "node"
SLIM = "debian:12-slim"
PULL_SECONDS, IMPORT_SECONDS = 120.0, 120.0
PACKAGES = (*root.NODE, "tini")
# Made in the image, by its own Java; the others are copied.
ARCHIVES = "archives"
LINKS = "links"
# What decides how the archives are made; `bundle.in_place` needs all of cloudinit's code to make them.
ARCHIVES_CODE = ("cloudinit/bundle/archives.py", "cloudinit/bundle/trial.py", "cloudinit/bundle/in_place.py")
NODE_FILES = ("docker/node", "launcher/image/tree")
Entry = tuple[str, Path]


def ensure(engine: Engine, bundle: Path, scratch: Path, step: Step) -> str:
    """The image with this bundle, made where the engine has none; its name."""
    below = software_name(bundle)
    name = f"slipway-node:{bundle.name}-{fingerprint(below, settle.USER_ID, tree_fingerprint(TOP, NODE_FILES))}"
    if engine.inspect("image", name):
        return name
    if not engine.inspect("image", below):
        make.check_interpreter()
        debian = base(engine, scratch, step)
        step.say(f"{below}: Debian's packages, Spark, HDFS and Python")
        arguments = {"BASE": debian, "PACKAGES": " ".join(PACKAGES)}
        engine.build(below, arguments, partial(write_context, software_context(bundle), part_links(bundle)))
    step.say(f"{name}: the node program")
    arguments = {"SOFTWARE": below, "USER_ID": str(settle.USER_ID)}
    engine.build(name, arguments, partial(write_context, node_context(bundle), places(bundle)))
    return name


def software_name(bundle: Path) -> str:
    """It is another one where a part is, or how it is made."""
    code = tree_fingerprint(TOP, (*ARCHIVES_CODE, "docker/node/software"))
    return f"slipway-software:{fingerprint(sorted(parts(bundle).values()), PACKAGES, code)}"


def parts(bundle: Path) -> dict[str, str]:
    """Name -> folder of what the bundle links to, but what is made in the image."""
    found = [link for link in bundle.iterdir() if link.is_symlink() and link.name != ARCHIVES]
    return {link.name: link.resolve().name for link in found}


def software_context(bundle: Path) -> list[Entry]:
    """What the context has below which name: a folder for each part, with the part's own folder in it."""
    entries = [("Dockerfile", FOLDER / "software" / "Dockerfile"), ("code/cloudinit", TOP / "cloudinit")]
    return entries + [(f"{name}/{folder}", (bundle / name).resolve()) for name, folder in parts(bundle).items()]


def node_context(bundle: Path) -> list[Entry]:
    cloud = "etc/cloud/cloud.cfg.d"
    # Of Glance's image what is not systemd's, and what a container has of its own.
    entries = [("Dockerfile", FOLDER / "Dockerfile"), (f"tree/{cloud}", settle.TREE / cloud), ("tree", FOLDER / "tree")]
    own = [path for path in bundle.iterdir() if not path.is_symlink()]
    return entries + [(f"bundle/{bundle.name}/{path.name}", path) for path in own]


def part_links(bundle: Path) -> dict[str, str]:
    """A folder of links to the parts, by which the archives are made, and which stays."""
    return {f"{LINKS}/{name}": f"../../parts/{folder}" for name, folder in parts(bundle).items()}


def places(bundle: Path) -> dict[str, str]:
    """The bundle's links by way of that folder, and where a node looks for it."""
    links = {f"bundle/{bundle.name}/{name}": f"../{LINKS}/{name}" for name in (*parts(bundle), ARCHIVES)}
    return {**links, "opt/slipway": f"{Path(software.STORE).name}/bundle/{bundle.name}"}


def write_context(entries: Iterable[Entry], links: dict[str, str], stream: IO[bytes]) -> None:
    """A tar of files and folders under other names, and of links, all root's. Nothing is copied for it."""
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        for name, path in entries:
            archive.add(path, name, filter=_plain)
        for name, target in links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "__pycache__" in entry.name and entry.name.startswith("code/"):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def base(engine: Engine, scratch: Path, step: Step) -> str:
    """Debian's own image where a registry has it for us, else one made here."""
    made = f"slipway-debian:{root.SUITE}"
    for name in (SLIM, made):
        if engine.inspect("image", name):
            return name
    step.say(f"asking for {SLIM}")
    try:
        if engine.attempt("pull", "--quiet", SLIM, seconds=PULL_SECONDS).returncode == 0:
            return SLIM
    except Problem:
        pass  # a registry that hangs is none
    if os.geteuid() != 0:
        raise Problem(
            "the image of nodes has no Debian to begin with",
            f"no registry gives {SLIM} to the engine, and only root can make one in its place",
            f"once, `sudo debootstrap --variant=minbase {root.SUITE} debian && sudo tar -C debian -c . | "
            f"docker import - {made}`; or give the engine {SLIM}",
        )
    step.say("no registry gives it: made by debootstrap")
    make.need({"debootstrap": "debootstrap"}, step.say)
    with inside.scratch(scratch) as folder:
        tree = folder / "root"
        root.smallest(tree, root.mirror(root.machine_sources()))
        _import(engine, tree, made)
    return made


def _import(engine: Engine, tree: Path, name: str) -> None:
    with subprocess.Popen(["tar", "--numeric-owner", "-cf", "-", "-C", str(tree), "."], stdout=subprocess.PIPE) as pack:
        done = engine.attempt("import", "-", name, seconds=IMPORT_SECONDS, given=pack.stdout)
    if done.returncode:
        raise Problem(f"the image {name} could not be imported", done.stderr.strip(), "look at the engine's log")
