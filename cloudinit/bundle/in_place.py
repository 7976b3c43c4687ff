"""`python -m cloudinit.bundle.in_place BUNDLE`: the archives of class data for a bundle that was copied to this place.

They belong to one place and one Java, so the copy comes without; this is run where the nodes run, in their image.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from . import DIRECTORY, digest
from .archives import archives_key, make_archives
from .tools import BuildError, Tools


def complete(bundle: Path) -> Path:
    """Make the archives and link them into the bundle; their folder."""
    java = shutil.which("java")
    if java is None:
        raise BuildError("there is no java in the PATH")
    tools = Tools(Path(sys.executable), uv="", java=java, javac="", maven="")
    places = {link.name: link.resolve() for link in bundle.iterdir() if link.is_symlink() and link.name != "archives"}
    folder = places["java"].with_name(f"archives-{digest([], DIRECTORY, places['java'].name, archives_key(tools))}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    make_archives(folder, places, tools)
    link = bundle / "archives"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..", "..", "parts", folder.name))
    return folder


if __name__ == "__main__":
    try:
        print(complete(Path(sys.argv[1])))
    except (BuildError, OSError) as error:
        sys.exit(f"The archives could not be made: {error}")
