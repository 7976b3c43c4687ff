"""Tries to come to a folder that another cluster mounts: by a mount, and by every path that might lead there."""

import json
import os
import subprocess
import sys
from pathlib import Path

asked = json.loads(sys.argv[1])
root = os.environ.get("SLIPWAY_NODE_ROOT", "")
there = Path(f"{root}/tmp/stolen")


def mount(export, *options):
    there.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "nfs", *options, export, "/tmp/stolen"], capture_output=True, text=True, timeout=60, check=False
    )
    return [done.returncode, done.stdout + done.stderr, sorted(path.name for path in there.iterdir())]


def read(path):
    try:
        return Path(path).read_text()
    except OSError as error:
        return str(error.strerror)


link = there.parent / "link"
link.unlink(missing_ok=True)
link.symlink_to(asked["data"])
told = {
    "mounts": {
        "as it is": mount(asked["export"]),
        "read-only": mount(asked["export"], "-o", "ro"),
        "with a way back": mount(asked["export"] + "/../" + asked["export"].rpartition("/")[2]),
        "its parent": mount(asked["export"].rpartition("/")[0]),
        "all": mount(asked["export"].partition(":")[0] + ":/"),
    },
    "paths": {
        path: read(f"{path}/words.txt")
        for path in (asked["data"], "/data/scratch", f"{root}/data/scratch", str(link), f"{root}/../../shares")
    },
}
print(f"\nTOLD {json.dumps(told)}")
