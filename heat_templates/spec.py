"""What a cluster shall be, checked on construction."""

from __future__ import annotations

import ipaddress
import itertools
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from cloudinit import frameworks
from cloudinit.frameworks.manifest import worker_numbers
from heat_templates import limits

NAME_LIMIT = 60
HIGHEST_NUMBER = 9999  # of a worker: each growth goes on above the highest
TEXT_LIMITS = {
    "name": NAME_LIMIT,
    # They stand in the servers' metadata, or beside what does.
    **dict.fromkeys(("flavor", "image", "network", "bundle_version", "owner", "course", "portal_url"), limits.METADATA),
}
# What neither YAML nor XML can carry. Line breaks and tabs can be carried, so they are data like any other.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class SpecError(ValueError):
    """A spec with wrong fields. `fields` maps each one's name to what is wrong and what is allowed."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        self.fields = dict(wrong)
        super().__init__("; ".join(f"{name}: {why}" for name, why in self.fields.items()))


@dataclass(frozen=True)
class ClusterSpec:
    """One cluster. Raises SpecError, which names every wrong field at once.

    `flavor`, `image` and `network` are names in the cloud; `portal_url` is how nodes reach the portal;
    `workers` is how many, or the sorted numbers of those that there are (worker-01 and worker-03 are [1, 3]);
    `gateway_address` is the only stranger that may open the cluster's pages; `boot_timeout` is in seconds.
    """

    id: str
    name: str
    framework: str
    workers: int | list[int]
    flavor: str
    image: str
    network: str
    bundle_version: str
    portal_url: str
    gateway_address: str
    owner: str
    course: str
    boot_timeout: int = 900

    def __post_init__(self) -> None:
        wrong = dict(_wrong_fields(self))
        if wrong:
            raise SpecError(wrong)

    @property
    def worker_numbers(self) -> tuple[int, ...]:
        return worker_numbers(self.workers)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ClusterSpec:
        """A spec from a mapping, as a file holds it; unknown and missing fields are named as well."""
        known = {field.name for field in fields(cls)}
        required = known - {"boot_timeout"}
        wrong = {str(name): f"unknown; known are {', '.join(sorted(known))}" for name in values if name not in known}
        wrong |= dict.fromkeys(sorted(required - set(values)), "missing")
        if wrong:
            raise SpecError(wrong)
        return cls(**values)


def _wrong_fields(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    yield from _wrong_texts(spec)
    if not _is_uuid(spec.id):
        yield "id", "must be a UUID"
    if spec.framework not in frameworks.names():
        yield "framework", f"unknown; there is {', '.join(frameworks.names())}"
    else:
        manifest = frameworks.manifest(spec.framework)
        yield from _wrong_workers(spec.workers, manifest.minimum_workers, manifest.maximum_workers)
    if not _is_host(spec.gateway_address):
        yield "gateway_address", "must be the IPv4 address of one host"
    if not _is_web_address(spec.portal_url):
        yield "portal_url", "must be an http or https address"
    if not _is_whole(spec.boot_timeout) or not 60 <= spec.boot_timeout <= 3600:
        yield "boot_timeout", "must be from 60 to 3600 seconds"


def _wrong_workers(workers: object, low: int, high: int) -> Iterator[tuple[str, str]]:
    if isinstance(workers, list):
        rising = all(_is_whole(number) and 1 <= number <= HIGHEST_NUMBER for number in workers) and all(
            one < next_one for one, next_one in itertools.pairwise(workers)
        )
        if not rising or not low <= len(workers) <= high:
            yield "workers", f"must be {low} to {high} different numbers from 1 to {HIGHEST_NUMBER}, in their order"
    elif not _is_whole(workers) or not low <= workers <= high:
        yield "workers", f"must be a whole number from {low} to {high}"


def _wrong_texts(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    for field, limit in TEXT_LIMITS.items():
        value = getattr(spec, field)
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            yield field, f"must be a text of 1 to {limit} characters"
        elif UNPRINTABLE.search(value):
            yield field, "must not contain control characters"


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def _is_host(value: object) -> bool:
    try:
        address = ipaddress.IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        return False
    # Of these 0.0.0.0 stands for everybody in a rule.
    return address is not None and not (address.is_unspecified or address.is_multicast or address.is_reserved)


def _is_web_address(value: object) -> bool:
    try:
        return isinstance(value, str) and urlsplit(value).scheme in ("http", "https")
    except ValueError:
        return False
