"""Whose clock says what ten o'clock is, where nobody says another: this machine's."""

from __future__ import annotations

import zoneinfo
from pathlib import Path

VARIABLE = "SLIPWAY_TIME_ZONE"
LOCAL = Path("/etc/localtime")


def local_zone(link: Path = LOCAL) -> str:
    """By the name of the zone that it is a link to; UTC where it says none that is known."""
    try:
        name = str(link.readlink()).rpartition("/zoneinfo/")[2]
    except OSError:
        return "UTC"
    return name if name in zoneinfo.available_timezones() else "UTC"
