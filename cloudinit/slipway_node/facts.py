"""What the node is told about itself: /etc/slipway/facts.json, checked before anything is done with it."""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import capacity
from .mount_paths import mount_path_gap

if TYPE_CHECKING:
    from cloudinit.frameworks.manifest import Manifest

VERSION = 2
PATH = "/etc/slipway/facts.json"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
SECRET = re.compile(r"[0-9A-Za-z_-]{16,}")
IDENTIFIER = re.compile(r"[0-9A-Za-z-]{1,64}")
SETTING = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# No option of pip's, no place to fetch from: only what an index may hold.
REQUIREMENT = re.compile(r"[A-Za-z0-9][^@\n\r:/]*")
STORAGES = ("root", "ephemeral", "volumes")
PROTOCOLS = ("NFS", "CEPHFS")
ACCESSES = ("ro", "rw")
FAMILIES = ("spark", "hadoop")  # of settings
MOST_VCPUS = 1024
LONGEST_BOOT = 24 * 3600
BEGAN = "SLIPWAY_BOOT_BEGAN"  # in the environment, where the bundle had to be fetched first


class FactsError(Exception):
    """The facts cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Signal:
    """Where the wait condition's handle listens; `token` is "" where the endpoint itself is the secret."""

    endpoint: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Portal:
    url: str
    credential: str = field(repr=False)


@dataclass(frozen=True)
class Mount:
    """A folder of a share. `export` is what Manila says: see `mounts.exports`."""

    path: str
    protocol: str
    export: Any
    access: str


@dataclass(frozen=True)
class Packages:
    """Python packages beside the bundle's; `index` is "" for the machine's own."""

    index: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    bundle: str
    framework: str
    cluster_id: str
    domain: str
    secret: str = field(repr=False)
    name: str
    role: str
    vcpus: int  # that the node may use of those that it sees; 0 for all
    hosts: Mapping[str, str]
    gateway: str
    boot_seconds: int
    storage: str
    volumes: tuple[str, ...]
    mounts: tuple[Mount, ...]
    gpus: int
    settings: Mapping[str, Mapping[str, str]]
    packages: Packages


@dataclass(frozen=True)
class Machine:
    """What the facts do not say: where the node stands. minicloud gives it in the environment."""

    root: Path
    address: str
    memory_mb: int
    vcpus: int
    run: Path
    java: Path
    began: float = 0.0  # when the boot began, by the monotonic clock, where that was before this program; else 0

    @property
    def embedded(self) -> bool:
        return self.root != Path("/")


def read_machine(environment: Mapping[str, str]) -> Machine:
    """FactsError where a figure is no number, or there is no Java."""
    java = shutil.which(
        str(Path(environment["JAVA_HOME"], "bin", "java")) if environment.get("JAVA_HOME") else "java",
        path=environment.get("PATH"),
    )
    if java is None:
        raise FactsError("there is no java on this node: install a Java 17 runtime, or set JAVA_HOME")
    return Machine(
        root=Path(environment.get("SLIPWAY_NODE_ROOT") or "/"),
        address=environment.get("SLIPWAY_ADDRESS", ""),
        memory_mb=_figure(environment, "SLIPWAY_MEMORY_MB") or capacity.memory_mb(),
        vcpus=_figure(environment, "SLIPWAY_VCPUS") or capacity.vcpus(),
        run=Path(environment.get("SLIPWAY_RUN") or "/run/slipway"),
        java=Path(java),
        began=float(environment.get(BEGAN) or 0),
    )


def read_document(path: Path) -> dict[str, Any]:
    """The facts as they stand. FactsError where there are none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FactsError(f"the facts cannot be read: {error}") from error
    except ValueError as error:
        raise FactsError(f"{path} is not JSON ({error}): did Heat fill in all of it?") from error
    if not isinstance(document, dict):
        raise FactsError(f"{path} holds no JSON object")
    return document


def parse_signal(document: Mapping[str, Any]) -> Signal | None:
    """The way to say that the node failed, of facts of any version; None where there is none."""
    found = document.get("signal")
    if not isinstance(found, dict) or not isinstance(found.get("endpoint"), str):
        return None
    return Signal(found["endpoint"], str(found.get("token") or ""))


def parse_portal(document: Mapping[str, Any]) -> Portal | None:
    """The way to the portal, of facts of any version; None where there is none."""
    found = document.get("portal")
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in ("url", "credential")):
        return None
    return Portal(found["url"], found["credential"])


def parse_boot_seconds(document: Mapping[str, Any]) -> int:
    """The bound of the whole boot. FactsError where there is none."""
    return _number(document, "cluster.boot_seconds", 1, LONGEST_BOOT)


def parse_facts(document: Mapping[str, Any], bundle: str) -> Facts:
    """The facts for a node whose bundle has this version. FactsError names the first that is wrong."""
    if document.get("version") != VERSION:
        raise FactsError(
            f"the facts have version {document.get('version')!r}, but this bundle ({bundle}) knows version {VERSION} "
            "only: use an image of the portal's own bundle"
        )
    if document.get("bundle") != bundle:
        raise FactsError(
            f"the portal expects the bundle {document.get('bundle')!r}, but this node has {bundle!r}: "
            "choose an image with the expected one, or build it anew"
        )
    facts = Facts(
        bundle=bundle,
        framework=_text(document, "cluster.framework", NAME),
        cluster_id=_text(document, "cluster.id", IDENTIFIER),
        domain=_text(document, "cluster.domain", DOMAIN),
        secret=_text(document, "secret", SECRET),
        name=_text(document, "node.name", NAME),
        role=_text(document, "node.role", NAME),
        vcpus=_number(document, "node.vcpus", 0, MOST_VCPUS),
        hosts=parse_hosts(document.get("hosts")),
        gateway=_address("cluster.gateway", document["cluster"].get("gateway")),
        boot_seconds=parse_boot_seconds(document),
        storage=_choice(document, "cluster.storage", STORAGES),
        volumes=_texts(document, "volumes", IDENTIFIER),
        mounts=_mounts(document),
        gpus=_number(document, "cluster.gpus", 0, 64),
        settings=_settings(document),
        packages=_packages(document),
    )
    if facts.name not in facts.hosts:
        raise FactsError(f"the facts' hosts do not name this node, {facts.name!r}")
    if (facts.storage == "volumes") != bool(facts.volumes):
        raise FactsError(f"the facts' storage is {facts.storage!r} with {len(facts.volumes)} 'volumes'")
    for name in ("signal.endpoint", "portal.url", "portal.credential"):
        _text(document, name, None)
    return facts


def check_role(facts: Facts, manifest: Callable[[str], Manifest]) -> Manifest:
    """The manifest of the node's framework. FactsError where it or the role is unknown, or the master is not alone."""
    try:
        found = manifest(facts.framework)
    except ValueError as error:
        raise FactsError(str(error)) from error
    roles = [role.name for role in found.roles]
    if facts.role not in roles:
        raise FactsError(f"{facts.framework} has no role {facts.role!r}; it has: {', '.join(roles)}")
    if found.master.name not in facts.hosts:
        raise FactsError(f"the facts' hosts do not name the {found.master.name!r}")
    if (facts.role == found.master.name) != (facts.name == found.master.name):
        raise FactsError(f"the node {facts.name!r} cannot have the role {facts.role!r}")
    for family, settings in facts.settings.items():
        for key in settings:
            if found.is_protected(family, key):
                raise FactsError(
                    f"the {family} setting {key!r} belongs to the cluster's security, addresses or software, which "
                    "Slipway sets itself: create the cluster without it"
                )
    return found


def check_address(facts: Facts, machine: Machine) -> None:
    """FactsError where the machine's address is not the one that the others know."""
    expected = facts.hosts[facts.name]
    if machine.address and machine.address != expected:
        raise FactsError(f"this node has the address {machine.address}, but the facts' hosts say {expected}")


def _at(document: Mapping[str, Any], path: str) -> Any:
    value: Any = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(document: Mapping[str, Any], path: str, pattern: re.Pattern[str] | None) -> str:
    value = _at(document, path)
    if not isinstance(value, str) or not value:
        raise FactsError(f"the facts have no text {path!r}")
    if pattern is not None and not pattern.fullmatch(value):
        # Not the value itself: it may be the secret.
        raise FactsError(f"the facts' {path!r} is not of the form {pattern.pattern}")
    return value


def _number(document: Mapping[str, Any], path: str, least: int, most: int) -> int:
    value = _at(document, path) or 0
    # Heat may make a text of a number.
    if not str(value).isascii() or not str(value).isdigit() or not least <= int(value) <= most:
        raise FactsError(f"the facts' {path!r} is no whole number from {least} to {most}: {value!r}")
    return int(value)


def _choice(document: Mapping[str, Any], path: str, choices: tuple[str, ...]) -> str:
    value = _at(document, path) or choices[0]
    if value not in choices:
        raise FactsError(f"the facts' {path!r} is {value!r}, but must be one of {', '.join(choices)}")
    return str(value)


def _texts(document: Mapping[str, Any], path: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    values = _at(document, path) or []
    if not isinstance(values, list) or not all(isinstance(text, str) and pattern.fullmatch(text) for text in values):
        raise FactsError(f"the facts' {path!r} are no texts of the form {pattern.pattern}: {values!r}")
    return tuple(values)


def _mounts(document: Mapping[str, Any]) -> tuple[Mount, ...]:
    values = _at(document, "cluster.mounts") or []
    if not isinstance(values, list):
        raise FactsError("the facts' 'cluster.mounts' are no list")
    numbered = {f"mount-{number}": value for number, value in enumerate(values)}
    return tuple(_mount(numbered, name) for name in numbered)


def _mount(mounts: Mapping[str, Any], name: str) -> Mount:
    path = _text(mounts, f"{name}.path", None)
    # It was looked at when it was asked for; but it is root who mounts, and that trusts nobody's word.
    if gap := mount_path_gap(path):
        raise FactsError(f"the facts' '{name}.path' {gap}; it is {path!r}")
    export = _at(mounts, f"{name}.export")
    if not export:
        raise FactsError(f"the facts have no '{name}.export' (of {path})")
    protocol = _choice(mounts, f"{name}.protocol", PROTOCOLS)
    return Mount(path, protocol, export, _choice(mounts, f"{name}.access", ACCESSES))


def _settings(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {family: _family(document, f"cluster.settings.{family}") for family in FAMILIES}


def _family(document: Mapping[str, Any], path: str) -> dict[str, str]:
    values = _at(document, path) or {}
    if not isinstance(values, dict):
        raise FactsError(f"the facts' {path!r} are no names and values")
    for key, value in values.items():
        if not SETTING.fullmatch(key) or not isinstance(value, str) or not value.isprintable():
            raise FactsError(f"the facts' {path!r} have {key!r} with {value!r}: no setting of one line of text")
    return values


def _packages(document: Mapping[str, Any]) -> Packages:
    index = _at(document, "cluster.packages.index") or ""
    if not isinstance(index, str) or (index and not index.startswith(("http://", "https://"))):
        raise FactsError(f"the facts' 'cluster.packages.index' is no http(s) address: {index!r}")
    return Packages(index, _texts(document, "cluster.packages.names", REQUIREMENT))


def parse_hosts(hosts: Any) -> dict[str, str]:
    """Names of nodes to their addresses. FactsError where they are not that."""
    if not isinstance(hosts, dict) or not hosts:
        raise FactsError("the facts have no 'hosts'")
    for name in hosts:
        if not NAME.fullmatch(name):
            raise FactsError(f"the facts' hosts have a name that no host can have: {name!r}")
    return {name: _address(f"hosts.{name}", address) for name, address in hosts.items()}


def _address(name: str, value: Any) -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError as error:
        raise FactsError(f"the facts' {name!r} is no IPv4 address: {value!r}") from error


def _figure(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    if text and not (text.isascii() and text.isdigit() and int(text) > 0):
        raise FactsError(f"{name} must be a whole number above 0, not {text!r}")
    return int(text or 0)
