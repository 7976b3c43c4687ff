"""What is in the image, as its file system has it: nothing of its maker, and nothing runs that a node does not need."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from launcher.image import make, settle
from tests.onebox.cloud import Cloud

# Of Debian: cloud-init, and what belongs to the services that we enable.
OF_DEBIAN = (
    *("cloud-init-local.service", "cloud-init.service", "cloud-config.service", "cloud-final.service"),
    *("cloud-init-hotplugd.socket", "remote-fs.target", "systemd-networkd.socket", "systemd-network-generator.service"),
)


@pytest.fixture(scope="module")
def described(cloud: Cloud, image: str) -> Any:
    return cloud.connect().image.find_image(image, ignore_missing=False)


@pytest.fixture(scope="module")
def root(cloud: Cloud, described: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's tree but the bundle's, taken out of its file system by debugfs: nothing is mounted."""
    folder = tmp_path_factory.mktemp("image")
    raw = folder / "raw"
    cloud.connect().image.download_image(described, output=str(raw), stream=True)
    for name in ("etc", "root", "tmp", "var"):
        subprocess.run(["debugfs", "-R", f"rdump /{name} {folder}", raw], check=True, capture_output=True)
    raw.unlink()
    return folder


def test_glance_says_of_it_what_the_builder_said(described: Any) -> None:
    wanted = make.properties(described.properties["slipway_bundle"])
    found = {**described.properties, "architecture": described.architecture, "os_type": described.os_type}
    found |= {"os_distro": described.os_distro, "os_version": described.os_version}
    assert {name: found.get(name) for name in wanted} == wanted


def test_nothing_that_two_nodes_must_not_share_is_in_it(root: Path) -> None:
    assert (root / "etc/machine-id").read_text() == ""
    keys = [path for pattern in ("etc/ssh/ssh_host_*", "root/.ssh/*", "etc/slipway/*") for path in root.glob(pattern)]
    assert keys == []
    passwords = [line.split(":")[1] for line in (root / "etc/shadow").read_text().splitlines()]
    assert set(passwords) <= {"*", "!", "!*"}


def test_nothing_of_its_making_is_left_in_it(root: Path) -> None:
    left = [path for folder in ("tmp", "var/lib/cloud", "var/lib/apt/lists") for path in (root / folder).glob("*")]
    assert left == []
    assert [path for path in (root / "var/log").rglob("*") if path.is_file() and path.stat().st_size] == []
    assert (root / "etc/resolv.conf").is_symlink()


def test_only_what_a_node_needs_is_started(root: Path) -> None:
    wanted = {path.name for path in (root / "etc/systemd/system").glob("*.wants/*")}
    masked = {path.name for path in (root / "etc/systemd/system").iterdir() if _leads_nowhere(path)}
    assert wanted - masked <= {*settle.ENABLED, *OF_DEBIAN}
    assert set(settle.ENABLED) <= wanted - masked


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and str(path.readlink()) == "/dev/null"
