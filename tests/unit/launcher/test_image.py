"""What `./slipway image` decides: the mirror, the properties, what does not stay in an image."""

from __future__ import annotations

import shlex
import struct
from pathlib import Path

import pytest

from launcher.image import boot_loader, make, root, settle
from launcher.problem import Problem

DEB822 = "Types: deb\n# a comment\nURIs: http://mirror.test/debian\nSuites: bookworm\n"
ONE_LINE = "# deb http://old.test/debian x main\ndeb [signed-by=/k] http://other.test/debian bookworm main\n"


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([DEB822, ONE_LINE], "http://mirror.test/debian"),
        ([ONE_LINE], "http://other.test/debian"),
        (["", "# nothing\n"], root.MIRROR),
        ([], root.MIRROR),
    ],
)
def test_the_mirror_is_that_of_the_machines_own_apt(sources: list[str], expected: str) -> None:
    assert root.mirror(sources) == expected


def test_glance_is_told_what_the_catalogue_reads() -> None:
    described = make.properties("1-abc")
    words = shlex.split(make.glance_line(Path("/srv/an image.raw"), "raw", described))
    assert words[:3] == ["openstack", "image", "create"]
    assert "/srv/an image.raw" in words
    assert {"slipway_framework=spark", "slipway_bundle=1-abc", f"architecture={described['architecture']}"} <= set(
        words
    )
    assert words[-1] == "slipway-spark-1-abc"


def test_an_image_without_the_bundle_does_not_say_that_it_has_one(tmp_path: Path) -> None:
    assert make.properties(make.FETCHED)["slipway_bundle"] == "fetched"


def test_nothing_of_the_maker_stays(tmp_path: Path) -> None:
    for name in ("etc/machine-id", "etc/ssh/ssh_host_rsa_key", "var/log/apt/history.log", "var/log/dpkg.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("told of the maker")
    (tmp_path / "etc/resolv.conf").symlink_to("/nowhere")
    (tmp_path / "etc/ssh/ssh_config").write_text("kept")
    root.tidy(tmp_path)
    left = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"etc/ssh/ssh_config": "kept", "etc/machine-id": "", "etc/hostname": "node\n", "etc/fstab": ""}
    assert (tmp_path / "etc/resolv.conf").readlink() == Path("../run/systemd/resolve/resolv.conf")


def test_the_bundle_keeps_its_times_and_all_else_is_no_newer_than_the_state_of_debian(tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    for name in ("opt/jar", "file"):
        (tmp_path / name).touch()
    before = (tmp_path / "opt/jar").stat().st_mtime
    root.fix_times(tmp_path, 1_700_000_000)
    assert (tmp_path / "file").stat().st_mtime == 1_700_000_000
    assert (tmp_path / "opt/jar").stat().st_mtime == before


def test_the_state_of_debian_is_the_newest_date_that_its_releases_tell(tmp_path: Path) -> None:
    lists = tmp_path / "var/lib/apt/lists"
    lists.mkdir(parents=True)
    for name, day in (("a_InRelease", "10"), ("b_Release", "12")):
        (lists / name).write_text(f"Origin: Debian\nDate: Sat, {day} Oct 2026 09:00:00 UTC\n")
    assert root.state_of_debian(tmp_path) == 1791795600


def test_the_first_sector_starts_the_one_partition() -> None:
    sector = boot_loader.first_sector(b"\x90" * 512, 4096)
    assert len(sector) == 512
    assert sector[:440] == b"\x90" * 440
    assert sector[510:] == b"\x55\xaa"
    status, kind, start, sectors = struct.unpack("<B3xB3xII", sector[446:462])
    assert (status, kind, start, sectors) == (0x80, 0x83, 2048, 4096)


def test_the_user_of_a_node_has_the_name_that_the_node_program_knows() -> None:
    from cloudinit.slipway_node import user

    assert settle.USER == user.NAME


def test_a_machines_disk_is_refused_on_other_processors_and_a_containers_is_not() -> None:
    with pytest.raises(Problem, match=r"(?s)x86_64 only.*ppc64le.*--for container"):
        make.check_processor(make.MACHINE, "ppc64le")
    make.check_processor(make.CONTAINER, "ppc64le")
    make.check_processor(make.MACHINE, "x86_64")
