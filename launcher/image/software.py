"""The bundle in the image, in the place from which nodes run it: its archives of class data belong to that place."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from launcher.image.inside import run_inside
from launcher.image.programs import run

# As the cache folder of a machine: `bundle/<version>/` and the parts that it links to.
STORE = "opt/slipway-store"
LINK = "opt/slipway"
SEED = "opt/slipway-seed"
CODE = "tmp/code"
FETCHER = """\
#!/bin/sh
# The bundle is not on this node yet: fetch it as the facts say, and then be the bundle's own program.
unit=slipway-node.service
if [ "$1" = boot ] && [ -z "$SLIPWAY_NODE_UNIT" ] && [ -d /run/systemd/system ]; then
    ! systemctl --quiet is-failed $unit && exec systemctl start $unit
    exit 1
fi
seed=$(dirname "$(dirname "$(readlink -f "$0")")")
exec /usr/bin/python3 -I -S -c '
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from slipway_node.fetch import main
sys.exit(main(pathlib.Path("/opt"), sys.argv[2:]))
' "$seed/slipway-node.pyz" "$@"
"""


def copy_bundle(bundle: Path, root: Path) -> Path:
    """The bundle and its parts, without the archives of class data; where the bundle then stands."""
    store = root / STORE
    target = store / "bundle" / bundle.name
    shutil.copytree(bundle, target, symlinks=True)
    (target / "archives").unlink(missing_ok=True)
    for link in target.iterdir():
        if link.is_symlink():
            part = (bundle / link.name).resolve()
            shutil.copytree(part, store / "parts" / part.name, symlinks=True)
    link = root / LINK
    link.unlink(missing_ok=True)
    link.symlink_to(target.relative_to(link.parent))
    return target


def add_fetcher(bundle: Path, root: Path) -> None:
    """In place of the bundle a program that fetches it: the bundle's own, which knows how to tell Heat of a failure."""
    seed = root / SEED
    (seed / "bin").mkdir(parents=True)
    shutil.copyfile(bundle / "slipway-node.pyz", seed / "slipway-node.pyz")
    program = seed / "bin" / "slipway-node"
    program.write_text(FETCHER, encoding="ascii")
    program.chmod(0o755)
    (root / LINK).symlink_to(seed.name)


def pack(root: Path, archive: Path) -> str:
    """Take the bundle out of the tree, into an archive that nodes can fetch; its SHA-512."""
    folder = root / "opt"
    names = [Path(LINK).name, Path(STORE).name]
    order = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner"]
    run(["tar", "--zstd", *order, "-cf", str(archive), "-C", str(folder), *names], "tar of the bundle")
    (root / LINK).unlink()
    shutil.rmtree(root / STORE)
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha512").hexdigest()


def make_archives(bundle: Path, root: Path, top: Path) -> str:
    """The archives of class data, by the image's own Java, in the image; what the program says."""
    shutil.copytree(top / "cloudinit", root / CODE / "cloudinit", ignore=shutil.ignore_patterns("__pycache__"))
    inside = Path("/", bundle.relative_to(root))
    command = ["python3", "-B", "-m", "cloudinit.bundle.in_place", str(inside)]
    try:
        return run_inside(root, ["env", "-i", "PATH=/usr/bin:/bin", f"PYTHONPATH=/{CODE}", *command]).strip()
    finally:
        shutil.rmtree(root / CODE)
