"""What the launcher tells minicloud, and where minicloud keeps what."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from minicloud.errors import MinicloudError

LOOPBACK = "127.0.0.1"
REGION = "RegionOne"
SERVICE_USER = "slipway"
# Makes the projects of new courses, and reads who is in a group; what its role may do stands in configuration.py.
PROVISIONER_USER, PROVISIONER_ROLE = "provisioner", "course_manager"
# Not `admin`: that name is free for a person who logs in to the portal.
ADMIN_USER = "keystone-admin"
RESERVED_USERS = frozenset({SERVICE_USER, PROVISIONER_USER, ADMIN_USER, "heat", "manila"})
SECRETS = ("heat", "heat_domain_admin", "manila", "provisioner")
# bcrypt, which Keystone uses, takes no more bytes.
MAX_PASSWORD = 72


@dataclass(frozen=True)
class Containers:
    """Servers are containers of the engine at `engine`, made from `image` in its network `network`, which is the home's
    alone: `prefix`.0/24, and this machine is `prefix`.1 in it."""

    engine: str
    network: str
    prefix: str
    image: str


@dataclass(frozen=True)
class Settings:
    """The content of settings.json (docs/architecture.md, "Contract: launcher and minicloud")."""

    home: Path
    run: Path
    postgres: Path
    postgres_user: str
    keystone_port: int
    heat_port: int
    manila_port: int
    bundle: Path
    bundle_version: str
    service_password: str
    admin_password: str
    heat_password: str
    heat_domain_admin_password: str
    heat_encryption_key: str
    manila_password: str
    provisioner_password: str
    courses: tuple[str, ...]
    users: dict[str, str]
    uid_base: int
    containers: Containers | None = None
    api_address: str | None = None

    @property
    def mounts_shares(self) -> bool:
        """Whether servers can have shares at all: only root may mount into a container."""
        return self.containers is None or os.geteuid() == 0

    @property
    def heat_address(self) -> str:
        """Where servers reach this machine: they call Heat."""
        return self.api_address or (f"{self.containers.prefix}.1" if self.containers else LOOPBACK)

    @property
    def address(self) -> str:
        """Of the services that servers do not call."""
        return self.api_address or LOOPBACK

    @property
    def auth_url(self) -> str:
        return f"http://{self.address}:{self.keystone_port}/v3"

    @property
    def heat_url(self) -> str:
        return f"http://{self.heat_address}:{self.heat_port}/v1"

    @property
    def manila_url(self) -> str:
        return f"http://{self.address}:{self.manila_port}/v2"

    @property
    def etc(self) -> Path:
        return self.home / "etc"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def cloud_file(self) -> Path:
        return self.home / "cloud.json"

    @property
    def compute_socket(self) -> Path:
        return self.run / "compute.sock"


def load(path: Path) -> Settings:
    """Read and check settings.json.

    Raises:
        MinicloudError: the file cannot be read, or names every wrong field at once.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MinicloudError(f"{path} cannot be read as JSON ({error}); the launcher writes it") from None
    if not isinstance(raw, dict):
        raise MinicloudError(f"{path} holds no JSON object; the launcher writes it")
    problems = problems_of(raw)
    if problems:
        raise MinicloudError(f"{path}: " + "; ".join(problems))
    secrets = raw["secrets"]
    return Settings(
        home=Path(raw["home"]),
        run=Path(raw["run"]),
        postgres=Path(raw["postgres"]),
        postgres_user=raw["postgres_user"],
        keystone_port=raw["keystone_port"],
        heat_port=raw["heat_port"],
        manila_port=raw["manila_port"],
        bundle=Path(raw["bundle"]),
        bundle_version=raw["bundle_version"],
        service_password=raw["service_password"],
        admin_password=raw["admin_password"],
        heat_password=secrets["heat"],
        heat_domain_admin_password=secrets["heat_domain_admin"],
        heat_encryption_key=secrets["heat_encryption_key"],
        manila_password=secrets["manila"],
        provisioner_password=secrets["provisioner"],
        courses=tuple(raw["courses"]),
        users=dict(raw["users"]),
        uid_base=raw["uid_base"],
        containers=Containers(**raw["containers"]) if raw.get("containers") else None,
        api_address=raw.get("api_address"),
    )


def problems_of(raw: dict[str, Any]) -> list[str]:
    """What is wrong with the fields of a settings object; empty when all is well."""
    problems = [
        f"`{name}` must be an absolute path"
        for name in ("home", "run", "postgres", "bundle")
        if not (isinstance(raw.get(name), str) and raw[name].startswith("/"))
    ]
    problems += [
        f"`{name}` must be a port from 1024 to 65535"
        for name in ("keystone_port", "heat_port", "manila_port")
        if not (isinstance(raw.get(name), int) and 1024 <= raw[name] <= 65535)
    ]
    if not (isinstance(raw.get("uid_base"), int) and raw["uid_base"] >= 1000):
        problems.append("`uid_base` must be a number of at least 1000")
    problems += [
        f"`{name}` must be a text that is not empty"
        for name in ("postgres_user", "bundle_version")
        if not _is_text(raw.get(name))
    ]
    if raw.get("api_address") is not None and not _is_address(raw["api_address"]):
        problems.append("`api_address` must be null, or an IPv4 address")
    return problems + _container_problems(raw.get("containers")) + _password_problems(raw) + _people_problems(raw)


def _container_problems(value: object) -> list[str]:
    names = {field.name for field in fields(Containers)}
    if value is None or (isinstance(value, dict) and set(value) == names and all(map(_is_text, value.values()))):
        return []
    return [f"`containers` must be null, or have the texts {', '.join(sorted(names))}"]


def _is_address(value: object) -> bool:
    try:
        ipaddress.IPv4Address(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _password_problems(raw: dict[str, Any]) -> list[str]:
    secrets = raw.get("secrets")
    if not isinstance(secrets, dict):
        secrets = {}
    passwords = {name: raw.get(name) for name in ("service_password", "admin_password")}
    passwords |= {f"secrets.{name}": secrets.get(name) for name in SECRETS}
    problems = [
        f"`{name}` must be a password of 1 to {MAX_PASSWORD} bytes"
        for name, value in passwords.items()
        if not _is_password(value)
    ]
    key = secrets.get("heat_encryption_key")
    if not (isinstance(key, str) and len(key) == 32):
        problems.append("`secrets.heat_encryption_key` must have exactly 32 characters")
    return problems


def _people_problems(raw: dict[str, Any]) -> list[str]:
    problems = []
    courses = raw.get("courses")
    if not (isinstance(courses, list) and courses and all(isinstance(name, str) and name for name in courses)):
        problems.append("`courses` must be a list of one or more names")
    elif len(set(courses)) != len(courses):
        problems.append("`courses` names a course twice")
    users = raw.get("users")
    if not (isinstance(users, dict) and all(map(_is_password, users.values()))):
        problems.append(f"`users` must map names to passwords of 1 to {MAX_PASSWORD} bytes")
    elif RESERVED_USERS & set(users):
        problems.append(f"`users` may not contain {', '.join(sorted(RESERVED_USERS & set(users)))}")
    return problems


def _is_password(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value.encode()) <= MAX_PASSWORD
