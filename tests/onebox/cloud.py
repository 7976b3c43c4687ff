"""The one-box OpenStack beside the checkout, as its administrator sees it."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import yaml

from launcher.paths import TOP
from launcher.testing import Embedded

PROGRAM = TOP.parent / "shared" / "cloud" / "cloud"
FLAVOR = "m1.medium"
LARGE = "m1.large"
COURSE = "course-a"
# Of the course, beside its student: Keystone's administrator makes this user where a second one is needed.
SECOND = "student2"
# What its containers need of an image, made by its own image's builder: a first program that gives them control groups
# of their own, shares without the kernel's NFS, no units for hardware.
PARTS = ("usr/sbin/init", "usr/sbin/mount.nfs", "usr/sbin/mount.nfs4", "usr/lib/dev-fuse", "usr/lib/share-connect")
SETTINGS = 'datasource_list: [OpenStack]\ngrowpart: {mode: "off"}\nresize_rootfs: false\n'


@dataclass(frozen=True)
class Cloud:
    home: Path
    clouds: Path
    address: str = "10.99.0.1"

    @classmethod
    def found(cls) -> Cloud:
        lines = subprocess.run([PROGRAM, "env"], check=True, capture_output=True, text=True).stdout
        home = Path(lines.partition("CLOUD_HOME='")[2].partition("'")[0])
        return cls(home, home / "clouds.yaml")

    def connect(self, name: str = "admin") -> Any:
        clouds = openstack.config.OpenStackConfig(config_files=[str(self.clouds)])
        return openstack.connection.Connection(config=clouds.get_one(name))

    def environment(self) -> dict[str, str]:
        """What connects a home to it."""
        return {
            "SLIPWAY_CLOUD": "slipway",
            "OS_CLIENT_CONFIG_FILE": str(self.clouds),
            "SLIPWAY_NETWORK": "provider",
            "SLIPWAY_BIND": self.address,
            # Not the gateway of tests/environment.py, which the launcher would take for the caller's wish.
            "SLIPWAY_GATEWAY_ADDRESS": self.address,
        }

    def introduce(self, house: Embedded) -> None:
        """Tell a portal what the cloud has, and who belongs to its course."""
        house.slipway("catalogue", "import", "--flavor", FLAVOR, "--flavor", LARGE)
        roster = house.home / "courses.json"
        roster.write_text(json.dumps(self.roster()))
        house.slipway("manage", "import_courses", str(roster))

    def password(self, name: str) -> str:
        return str(yaml.safe_load(self.clouds.read_text())["clouds"][name]["auth"]["password"])

    @contextlib.contextmanager
    def person(self, name: str) -> Iterator[str]:
        """One more user of Keystone's; the password."""
        identity, password = self.connect().identity, secrets.token_hex(16)
        user = identity.create_user(name=name, password=password, domain_id="default")
        try:
            yield password
        finally:
            identity.delete_user(user)

    def roster(self) -> dict[str, Any]:
        project = self.connect().identity.find_project(COURSE).id
        course = {"name": COURSE, "title": "Course A", "project": project, "clusters_each": 5}
        members = [{"username": name, "role": "student"} for name in ("student", SECOND)]
        return {"courses": [{**course, "members": members}], "administrators": []}

    def image_made_from(self, mark: str) -> str | None:
        return next((image.name for image in self.connect().image.images() if _mark_of(image) == mark), None)

    def upload(self, file: Path, described: dict[str, Any], mark: str) -> str:
        """Put the image into Glance, in place of what was made from other sources."""
        connection = self.connect()
        for image in connection.image.images():
            if _mark_of(image):
                connection.image.delete_image(image.id)
        kind = {"disk_format": described["disk_format"], "container_format": described["container_format"]}
        properties = {**described["properties"], "slipway_made_from": mark}
        name = f"slipway-{described['properties']['slipway_bundle']}"
        connection.image.create_image(
            name,
            filename=str(file),
            visibility="public",
            wait=True,
            timeout=300,
            use_import=False,
            **kind,
            **properties,
        )
        return name

    def remains(self) -> dict[str, list[str]]:
        """All that clusters are made of, in every project, by service."""
        admin = self.connect()
        heat_users = admin.identity.users(domain_id=admin.identity.find_domain("heat").id)
        return {
            "servers": _ids(admin.compute.servers(all_projects=True)),
            "server groups": _ids(admin.compute.server_groups(all_projects=True)),
            "ports": _ids(port for port in admin.network.ports() if not port.device_owner.startswith("network:")),
            "networks": _ids(admin.network.networks()),
            "routers": _ids(admin.network.routers()),
            "security groups": sorted(g.id for g in admin.network.security_groups() if g.name != "default"),
            "shares": _ids(admin.shared_file_system.shares(all_projects=True)),
            "stacks": _ids(self.connect("slipway").orchestration.stacks()),
            "users of Heat's": _ids(heat_users),
        }


def overlay(cloud: Cloud, folder: Path) -> Path:
    """What this cloud's containers need over our image."""
    source = cloud.home / "images" / "rootfs"
    for part in PARTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", source / part, folder / part], check=True)
    for name, text in (("ds-identify.cfg", "policy: enabled\n"), ("cloud.cfg.d/95-container.cfg", SETTINGS)):
        file = folder / "etc/cloud" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    units = folder / "etc/systemd/system"
    units.mkdir(parents=True)
    for unit in (source / "etc/systemd/system").iterdir():
        if unit.is_symlink() and str(unit.readlink()) == "/dev/null":
            shutil.copy(unit, units / unit.name, follow_symlinks=False)
    return folder


def _ids(found: Any) -> list[str]:
    return sorted(one.id for one in found)


def _mark_of(image: Any) -> str | None:
    return image.properties.get("slipway_made_from") if image.properties else None
