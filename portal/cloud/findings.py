"""What is wanted of a cloud, and what was found out about it: `doctor` judges the one by the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from heat_templates.runtimes import NOVA
from portal.cloud.quotas import Room


@dataclass(frozen=True)
class Wanted:
    """What the portal means to do there: so many clusters in each course's project, each with `needs`."""

    clusters: int
    shape: str  # in words, such as "1+2 m1.small"
    needs: Mapping[str, int]
    resource_types: frozenset[str]
    framework: str
    bundles: tuple[str, ...]  # that an image may say it has: the portal's first
    memory_mb: int
    network: str
    node_url: str
    boot_seconds: int
    runtime: str = NOVA


@dataclass(frozen=True)
class Project:
    id: str
    name: str
    roles: frozenset[str] = frozenset()
    rooms: Mapping[str, Room] = field(default_factory=dict)
    trouble: str = ""


class Promise(NamedTuple):
    """What a course may have at once: by its own limit, or by the limits of so many students together."""

    amount: int
    students: int = 0


@dataclass(frozen=True)
class Probe:
    """What came of a small server that called back. `seconds` from its create to its word."""

    seconds: float
    trouble: str = ""


@dataclass(frozen=True)
class Facts:
    """`log_in` is empty where the service user came in; else why not, and `log_in_step` what to do.

    `courses` are the roster's: title by project; `limits` what each may have at once, by project and in the words of
    quotas; `services` maps a kind to its address, or to nothing.
    """

    auth_url: str
    username: str
    log_in: str = ""
    log_in_step: str = ""
    checked: bool = True  # certificates
    clock_skew: float = 0
    token_seconds: float = 0
    services: Mapping[str, str] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)  # of services, by kind
    resource_types: frozenset[str] = frozenset()
    catalogue: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    networks: Mapping[str, int] = field(default_factory=dict)  # how many subnets each has
    projects: Sequence[Project] = ()
    courses: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, Promise]] = field(default_factory=dict)
    probe: Probe | None = None
