"""The bundle in the image, in the place from which nodes run it: its archives of class data belong to that place."""

from __future__ import annotations

import shutil
from pathlib import Path

from launcher.image.root import mounted, run

# As the cache folder of a machine: `bundle/<version>/` and the parts that it links to.
STORE = "opt/slipway-store"
LINK = "opt/slipway"
CODE = "tmp/code"


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


def make_archives(bundle: Path, root: Path, top: Path) -> str:
    """The archives of class data, by the image's own Java, in the image; what the program says."""
    shutil.copytree(top / "cloudinit", root / CODE / "cloudinit", ignore=shutil.ignore_patterns("__pycache__"))
    inside = Path("/", bundle.relative_to(root))
    command = ["python3", "-B", "-m", "cloudinit.bundle.in_place", str(inside)]
    try:
        with mounted(root):
            return run(
                ["chroot", str(root), "env", "-i", "PATH=/usr/bin:/bin", f"PYTHONPATH=/{CODE}", *command],
                "the making of archives of class data in the image",
            ).strip()
    finally:
        shutil.rmtree(root / CODE)
