"""A real OpenStack in place of minicloud: `SLIPWAY_CLOUD` names an entry of clouds.yaml, and a home keeps to it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from launcher import containers
from launcher.files import read_json, write_json
from launcher.paths import Paths
from launcher.problem import Problem

LOOPBACK = "127.0.0.1"
SERVICES = ("postgres", "redis", "web", "worker")
# The administrator's settings (docs/admin-guide.md) that hold from one `up` to the next once they were said. An empty
# value takes one back. What is not here a home has by itself.
SETTINGS = (
    *("SLIPWAY_URL", "SLIPWAY_NODE_URL", "SLIPWAY_LOGIN_DOMAIN", "SLIPWAY_PACKAGE_INDEX", "SLIPWAY_BOOT_TIMEOUT"),
    "SLIPWAY_RUNTIME",
    *(
        "SLIPWAY_TIME_ZONE",
        "SLIPWAY_TOKEN_HOURS",
        "SLIPWAY_REQUESTS_EACH_MINUTE",
        "SLIPWAY_UPLOAD_LIMIT",
        "SLIPWAY_LOG_LIMIT",
        "SLIPWAY_OUTPUT_LIMIT",
    ),
    *("SLIPWAY_CREDIT_GRACE_HOURS", "SLIPWAY_MAIL_URL", "SLIPWAY_MAIL_FROM"),
    *("SLIPWAY_BILLING_URL", "SLIPWAY_BILLING_TOKEN", "SLIPWAY_BILLING_TOKEN_FILE", "SLIPWAY_BILLING_SILENCE"),
    *("SLIPWAY_PROVISIONER_CLOUD", "SLIPWAY_PROVISIONER_DOMAIN"),
    *("OS_REGION_NAME", "OS_CLIENT_SECURE_FILE"),
)
# For a portal in containers of this machine, which do not reach its loopback.
API_ADDRESS = "SLIPWAY_MINICLOUD_ADDRESS"
# Where programs of OpenStack look for their clouds; we give our processes another home folder.
PLACES = ("clouds.yaml", "~/.config/openstack/clouds.yaml", "/etc/openstack/clouds.yaml")


@dataclass(frozen=True)
class Site:
    """`cloud` is the entry in the file `clouds`; `bind` the address of the pages, which the nodes must reach.

    `network` is where the nodes' ports are made, `gateway` the only stranger that may open a cluster's pages: the
    address under which the nodes see the portal. `software` is the bundle for images
    that have none, a file or an address. `settings` are those of SETTINGS that were said.
    """

    cloud: str
    clouds: str
    bind: str
    network: str
    gateway: str
    software: str = ""
    software_sum: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What the portal's processes are told of the cloud."""
        return {
            **self.settings,
            "OS_CLOUD": self.cloud,
            "OS_CLIENT_CONFIG_FILE": self.clouds,
            "SLIPWAY_NETWORK": self.network,
            "SLIPWAY_GATEWAY_ADDRESS": self.gateway,
            "SLIPWAY_SOFTWARE": self.software,
            "SLIPWAY_SOFTWARE_SHA512": self.software_sum,
        }


def settle(paths: Paths, environ: Mapping[str, str]) -> Site | None:
    """The cloud of this home: that which SLIPWAY_CLOUD names, or of an earlier `up`; None where it is minicloud."""
    kept = read(paths)
    named = environ.get("SLIPWAY_CLOUD") or (kept.cloud if kept else "")
    if not named:
        return None
    if paths.cloud.exists():
        raise Problem(
            f"this home has a cloud of its own, and SLIPWAY_CLOUD is {named}",
            f"{paths.home} was brought up with the embedded cloud, whose clusters would be lost",
            "set SLIPWAY_HOME to another folder, or unset SLIPWAY_CLOUD",
        )
    same = kept if kept and kept.cloud == named else None
    site = described(environ, named, same, clouds_file(environ, same.clouds if same else ""))
    if site != kept:
        write_json(paths.site, asdict(site), 0o600)
    return site


def read(paths: Paths) -> Site | None:
    try:
        return Site(**read_json(paths.site))
    except FileNotFoundError:
        return None


def described(environ: Mapping[str, str], named: str, same: Site | None, clouds: str) -> Site:
    """The site by the variables, or else by what an earlier `up` kept of the same. Problem for what is missing."""
    bind = _address("SLIPWAY_BIND", environ.get("SLIPWAY_BIND") or (same.bind if same else LOOPBACK))
    network = environ.get("SLIPWAY_NETWORK") or (same.network if same else "")
    if not network:
        raise Problem(
            "SLIPWAY_NETWORK is not set",
            f"the nodes' ports at {named} are made in a network, and it is not said in which",
            f"set it to the network's name; `openstack --os-cloud {named} network list` shows them",
        )
    gateway = environ.get("SLIPWAY_GATEWAY_ADDRESS") or (same.gateway if same else bind)
    return Site(
        cloud=named,
        clouds=clouds,
        bind=bind,
        network=network,
        gateway=_address("SLIPWAY_GATEWAY_ADDRESS", gateway),
        software=environ.get("SLIPWAY_SOFTWARE", same.software if same else ""),
        software_sum=environ.get("SLIPWAY_SOFTWARE_SHA512", same.software_sum if same else ""),
        settings=_settings(environ, same.settings if same else {}),
    )


def _settings(environ: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, str]:
    values = {name: environ.get(name, kept.get(name, "")) for name in SETTINGS}
    # A relative path would be another's for our processes, which have working folders of their own.
    for name in ("OS_CLIENT_SECURE_FILE", "SLIPWAY_BILLING_TOKEN_FILE"):
        if values[name]:
            values[name] = str(Path(values[name]).expanduser().absolute())
    return {name: value for name, value in values.items() if value}


def clouds_file(environ: Mapping[str, str], kept: str) -> str:
    """The clouds.yaml that is named now, that which this home has kept for its cloud, or else that which openstacksdk
    would take here. Problem where it is not there: another's entry of the same name may be another cloud."""
    named = environ.get("OS_CLIENT_CONFIG_FILE") or kept
    for place in [named] if named else PLACES:
        file = Path(place).expanduser().absolute()
        if file.is_file():
            return str(file)
    raise Problem(
        "there is no clouds.yaml",
        f"looked at: {named or ', '.join(PLACES)}",
        "set OS_CLIENT_CONFIG_FILE to the file that has your cloud",
    )


def _address(name: str, value: str, whose: str = "under which the nodes reach this machine") -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise Problem(f"{name} is {value!r}", f"it must be the IPv4 address {whose}", f"correct {name}") from None


def services_of(paths: Paths) -> tuple[str, ...] | None:
    """The names of the services that this home has; None where it has all."""
    return SERVICES if read(paths) else None


def bind_address(paths: Paths) -> str:
    """Where the pages are, which the nodes call: of a cloud's network, of the containers', or of loopback."""
    if site := read(paths):
        return site.bind
    nodes = containers.read(paths)
    return nodes.address if nodes else LOOPBACK


def api_address(paths: Paths, environ: Mapping[str, str]) -> str | None:
    """Where the embedded cloud's APIs listen by SLIPWAY_MINICLOUD_ADDRESS, now or at the last `up`; None where nothing
    is said: on loopback, and Heat where the nodes reach this machine."""
    kept = read_json(paths.settings).get("api_address") if paths.settings.exists() else None
    named = environ.get(API_ADDRESS, kept or "")
    return _address(API_ADDRESS, named, "of a bridge or card of this machine") if named else None


def public_url(paths: Paths) -> str:
    """How browsers reach the portal where its administrator said so; else ""."""
    site = read(paths)
    return site.settings.get("SLIPWAY_URL", "") if site else ""
