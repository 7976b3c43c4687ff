"""Which cloud it is, and as whom we come: an entry of clouds.yaml that OS_CLOUD names, or else the OS_* variables.

The two say the same in the same words, as everywhere in OpenStack. Only the first needs openstacksdk, whose import
costs half a second and 16 MB: it stays out of processes that do not ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

INTERFACES = ("public", "internal", "admin")
PASSWORD_TYPES = ("password", "v3password")
OF_ONE_PROJECT = "is bound to one project, and the portal acts in one project for each course"
WHAT_IS_NEEDED = "give the service user's name and password"
# What openrc files and clouds.yaml call what we read; the name below `auth` in clouds.yaml is the variable's, in small.
VARIABLES = (
    "auth_url",
    "username",
    "password",
    "user_domain_name",
    "user_domain_id",
    "region_name",
    "interface",
    "cacert",
    "cert",
    "key",
    "insecure",
    "auth_type",
    "token",
    "application_credential_id",
    "application_credential_name",
)
FILES = ("cacert", "cert", "key")
IN_AUTH = {
    "auth_url",
    "username",
    "password",
    "user_domain_name",
    "user_domain_id",
    "token",
    "application_credential_id",
    "application_credential_name",
}


class WrongConnection(Exception):
    """`wrong` maps the name of each wrong value to what is wrong with it."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        self.wrong = dict(wrong)
        super().__init__("; ".join(f"{name}: {why}" for name, why in self.wrong.items()))


@dataclass(frozen=True)
class Connection:
    """The service user at a cloud. `user_domain` is what keystoneauth calls it: by name or by id.

    `verify` is whether certificates are checked, or the file of the authorities that are trusted.
    """

    auth_url: str
    username: str
    password: str = field(repr=False)
    user_domain: Mapping[str, Any]
    region: str | None = None
    interface: str = "public"
    verify: bool | str = True
    client_certificate: str | tuple[str, str] | None = None

    @property
    def endpoint(self) -> dict[str, Any]:
        """Which of a service's addresses in Keystone's catalogue is ours, as keystoneauth's adapters take it."""
        return {"interface": self.interface, **({"region_name": self.region} if self.region else {})}


def read(environ: Mapping[str, str]) -> Connection:
    """Raises WrongConnection, which names all that is wrong."""
    cloud = environ.get("OS_CLOUD")
    if cloud:
        values, place = _from_file(cloud, environ), f"clouds.yaml: {cloud}."
        return _made(values, lambda name: place + (f"auth.{name}" if name in IN_AUTH else name))
    values = {name: environ[f"OS_{name.upper()}"] for name in VARIABLES if environ.get(f"OS_{name.upper()}")}
    if "interface" not in values and environ.get("OS_ENDPOINT_TYPE"):
        values["interface"] = environ["OS_ENDPOINT_TYPE"]
    return _made(values, lambda name: f"OS_{name.upper()}")


@dataclass(frozen=True)
class Provisioner:
    """Who may make projects, and in which domain, as keystoneauth calls it."""

    connection: Connection
    domain: Mapping[str, Any]


def read_provisioner(environ: Mapping[str, str]) -> Provisioner | None:
    """An entry of clouds.yaml, or a name and password for the cloud that the service user has; None where there is
    none. Raises WrongConnection."""
    cloud, username = environ.get("SLIPWAY_PROVISIONER_CLOUD"), environ.get("SLIPWAY_PROVISIONER_USERNAME")
    if not cloud and not username:
        return None
    if cloud:
        own = read({**environ, "OS_CLOUD": cloud})
    elif password := environ.get("SLIPWAY_PROVISIONER_PASSWORD"):
        own = replace(read(environ), username=username or "", password=password)
    else:
        raise WrongConnection({"SLIPWAY_PROVISIONER_PASSWORD": f"missing: that of {username}"})
    named = environ.get("SLIPWAY_PROVISIONER_DOMAIN")
    users = {name.removeprefix("user_"): value for name, value in own.user_domain.items()}
    return Provisioner(own, {"domain_name": named} if named else users)


def _from_file(cloud: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """The entry of clouds.yaml (and secure.yaml), flat; its profile and its region's own values are in it."""
    from openstack import config, exceptions

    named = environ.get("OS_CLIENT_CONFIG_FILE")
    if named and not Path(named).is_file():
        raise WrongConnection({"OS_CLIENT_CONFIG_FILE": f"there is no file {named}"})
    try:
        clouds = config.OpenStackConfig()
    except exceptions.ConfigException as error:
        raise WrongConnection({"OS_CLOUD": str(error)}) from error
    try:
        entry = clouds.get_one(cloud, validate=False, region_name=environ.get("OS_REGION_NAME")).config
    except exceptions.ConfigException as error:
        why = f"{error} {_seen(clouds.config_filename, clouds.get_cloud_names())}"
        raise WrongConnection({"OS_CLOUD": why}) from error
    flat = {**entry, **(entry.get("auth") or {})}
    if flat.get("verify") is False:
        flat["insecure"] = True
    return {name: value for name, value in flat.items() if name in VARIABLES and value not in (None, "")}


def _seen(filename: str | None, names: list[str]) -> str:
    if filename is None:
        return "No clouds.yaml was found: OS_CLIENT_CONFIG_FILE says where it is."
    return f"{filename} has {', '.join(sorted(set(names) - {'envvars'})) or 'none'}."


def _made(values: Mapping[str, Any], called: Callable[[str], str]) -> Connection:
    wrong = {called(name): why for name, why in _wrong(values)}
    if wrong:
        raise WrongConnection(wrong)
    domain = "user_domain_id" if "user_domain_id" in values else "user_domain_name"
    files = {name: str(Path(values[name]).expanduser()) for name in FILES if name in values}
    return Connection(
        auth_url=versioned(values["auth_url"]),
        username=values["username"],
        password=str(values["password"]),
        user_domain={domain: values.get(domain, "Default")},
        region=values.get("region_name"),
        interface=_interface(values),
        verify=False if _insecure(values) else files.get("cacert", True),
        client_certificate=(files["cert"], files["key"]) if "key" in files else files.get("cert"),
    )


def versioned(auth_url: str) -> str:
    """Keystone's address with the version that we speak: many files leave it out."""
    plain = auth_url.rstrip("/")
    return plain if plain.endswith("/v3") else f"{plain}/v3"


def _wrong(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    others = dict(_wrong_kind(values))
    yield from others.items()
    for name in ("username", "password"):
        if not values.get(name) and not others:
            yield name, f"missing: {WHAT_IS_NEEDED}"
    yield from _wrong_address(str(values.get("auth_url", "")))
    if _interface(values) not in INTERFACES:
        yield "interface", f"{values['interface']!r} is none: there is {', '.join(INTERFACES)}"
    if _insecure(values) is None:
        yield "insecure", "must be true or false"
    if "key" in values and "cert" not in values:
        yield "cert", "missing: a key alone is of no use"
    for name in FILES:
        if name in values and not Path(values[name]).expanduser().is_file():
            yield name, f"there is no file {values[name]}"


def _wrong_kind(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Other ways to come than by a password."""
    for name in ("application_credential_id", "application_credential_name"):
        if values.get(name):
            yield name, f"an application credential {OF_ONE_PROJECT}: {WHAT_IS_NEEDED}"
    if values.get("token"):
        yield "token", f"a token ends after some hours, and the portal does not: {WHAT_IS_NEEDED}"
    kind = values.get("auth_type", "password")
    if kind not in PASSWORD_TYPES and "application_credential_id" not in values:
        yield (
            "auth_type",
            f"{kind!r} cannot be used (a token or an application credential {OF_ONE_PROJECT}): {WHAT_IS_NEEDED}",
        )


def _wrong_address(auth_url: str) -> Iterator[tuple[str, str]]:
    parts = urlsplit(auth_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield "auth_url", "must be Keystone's http or https address" if auth_url else "missing: Keystone's address"
    elif parts.path.rstrip("/").endswith("/v2.0"):
        yield "auth_url", "is that of Keystone's version 2, which knows no domains: version 3 is needed"


def _interface(values: Mapping[str, Any]) -> str:
    return str(values.get("interface", "public")).removesuffix("URL")


def _insecure(values: Mapping[str, Any]) -> bool | None:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    return words.get(str(values.get("insecure", False)).lower())
