"""The kinds of values that a ClusterSpec is made of, each with its check. Pure."""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import Annotated
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import AfterValidator, Field

from cloudinit.slipway_node.mount_paths import mount_path_gap
from heat_templates import limits

NAME_LIMIT = 60
# What neither YAML nor XML can carry. Line breaks and tabs can be carried, so they are data like any other.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
CONTROL = "must not contain control characters"
# RFC 1918
PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _printable(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    if UNPRINTABLE.search(value):
        raise ValueError(CONTROL)
    return value


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line without control characters")
    return value


def _uuid(value: str) -> str:
    try:
        same = str(uuid.UUID(value)) == value
    except ValueError:
        same = False
    if not same:
        raise ValueError("must be a UUID")
    return value


def _host(value: str) -> str:
    try:
        address = ipaddress.IPv4Address(value)
    except ValueError:
        address = ipaddress.IPv4Address(0)
    # Of these 0.0.0.0 stands for everybody in a rule.
    if address.is_unspecified or address.is_multicast or address.is_reserved:
        raise ValueError("must be the IPv4 address of one host")
    return value


def _range(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError(
            "must be a range of IPv4 addresses such as 192.0.2.0/24, without bits after its prefix"
        ) from None
    if network.prefixlen < limits.WIDEST_ASKED or network.network_address.is_unspecified:
        raise ValueError(f"must be a range of at most a /{limits.WIDEST_ASKED}, and never the whole world")
    return value


def _private(value: str) -> str:
    if not any(ipaddress.IPv4Network(value).subnet_of(private) for private in PRIVATE):
        raise ValueError(f"must lie in {', '.join(map(str, PRIVATE))}: other addresses are somebody's")
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError("must be an http or https address") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must be an http or https address")
    if "@" in parts.netloc:
        raise ValueError("must not hold a password: everybody who may look at the stack could read it")
    return value


def _bare(value: str) -> str:
    if not value.isascii() or not value.isprintable() or any(sign in value for sign in " \"'`$\\"):
        raise ValueError("must be an address without blanks, quotes, '$' and '\\': it stands in commands")
    return value


def _mount_path(value: str) -> str:
    if gap := mount_path_gap(value):
        raise ValueError(gap)
    return value


def _requirement(value: str) -> str:
    try:
        wanted = Requirement(value)
    except InvalidRequirement:
        raise ValueError("must be a package's name, with a version where you want one, such as scipy==1.14.1") from None
    if wanted.url or wanted.marker or not value[0].isalnum():
        raise ValueError("must name a package of the index: no address, no marker, no option")
    return value


def _setting(value: str) -> str:
    # With a dot: a name without could be a function of Heat's.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+", value):
        raise ValueError("must be a setting's name, such as spark.sql.shuffle.partitions")
    return value


def _sha512(value: str) -> str:
    if not re.fullmatch("[0-9a-f]{128}", value):
        raise ValueError("must be a SHA-512 sum: 128 hexadecimal digits in lower case")
    return value


def _zone(value: str) -> str:
    if ":" in value:
        raise ValueError("must name a zone only: to choose a host is the cloud's affair")
    return value


# Limits of a text are those of a server's metadata, where some stand.
Whole = Annotated[int, Field(strict=True)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=NAME_LIMIT), AfterValidator(_printable)]
Label = Annotated[str, Field(strict=True, min_length=1, max_length=limits.METADATA), AfterValidator(_printable)]
Identifier = Annotated[str, Field(strict=True), AfterValidator(_uuid)]
Host = Annotated[str, Field(strict=True), AfterValidator(_host)]
AddressRange = Annotated[str, Field(strict=True), AfterValidator(_range)]
PrivateRange = Annotated[AddressRange, AfterValidator(_private)]
WebAddress = Annotated[Label, AfterValidator(_web_address)]
DownloadAddress = Annotated[WebAddress, AfterValidator(_bare)]
MountPath = Annotated[Label, AfterValidator(_mount_path)]
PackageName = Annotated[Label, AfterValidator(_one_line), AfterValidator(_requirement)]
Sha512 = Annotated[str, Field(strict=True), AfterValidator(_sha512)]
Zone = Annotated[Label, AfterValidator(_one_line), AfterValidator(_zone)]
SettingName = Annotated[str, Field(max_length=200), AfterValidator(_setting)]
SettingValue = Annotated[str, Field(strict=True, max_length=1000), AfterValidator(_one_line)]
