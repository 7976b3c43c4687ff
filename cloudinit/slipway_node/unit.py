"""Where systemd runs, a unit boots the node: what it starts belongs to it, not to whoever asked for the boot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

UNIT = "slipway-node.service"
OURS = "SLIPWAY_NODE_UNIT"  # in the environment of what the unit starts
FILE = Path("/etc/systemd/system") / UNIT
RUNNING = Path("/run/systemd/system")


def boots_the_node(environment: Mapping[str, str], file: Path = FILE, running: Path = RUNNING) -> bool:
    """Whether the boot is the unit's affair, and we are not the unit."""
    return not environment.get("SLIPWAY_NODE_ROOT") and OURS not in environment and file.exists() and running.is_dir()


def have_it_booted() -> int:
    """Wait for the unit's boot, which may have begun already; 1 where it failed, which it has told to all."""
    if subprocess.run(["systemctl", "--quiet", "is-failed", UNIT], check=False).returncode == 0:
        print(f"slipway-node: the boot has failed; `journalctl -u {UNIT}` says why", file=sys.stderr)
        return 1
    return subprocess.run(["systemctl", "start", UNIT], check=False).returncode
