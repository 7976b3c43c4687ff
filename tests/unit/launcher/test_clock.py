"""A portal that nobody told a zone goes by the clock of its machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.clock import local_zone


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("../usr/share/zoneinfo/Asia/Shanghai", "Asia/Shanghai"),
        ("/etc/zoneinfo/UTC", "UTC"),
        ("/usr/share/zoneinfo/Of/Nowhere", "UTC"),
        ("/usr/share/zoneinfo/posix/Europe/Berlin", "UTC"),
        ("elsewhere", "UTC"),
    ],
)
def test_the_zone_is_the_one_that_the_machines_clock_is_linked_to(tmp_path: Path, target: str, zone: str) -> None:
    link = tmp_path / "localtime"
    link.symlink_to(target)
    assert local_zone(link) == zone


def test_a_machine_that_says_nothing_is_at_utc(tmp_path: Path) -> None:
    assert local_zone(tmp_path / "none") == "UTC"
    (tmp_path / "copy").write_bytes(b"TZif2")
    assert local_zone(tmp_path / "copy") == "UTC"
