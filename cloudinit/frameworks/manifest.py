"""What a framework says about itself: pure data, read by the generator, the portal and the node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

# How many workers, which have the numbers from 1 on; or the numbers of those that there are.
Workers = int | Sequence[int]


@dataclass(frozen=True)
class Step:
    """A named step of a node's boot, with the words that people read while it runs."""

    name: str
    title: str


@dataclass(frozen=True)
class Role:
    """What a node can be. `steps` and `services` are names in their order.

    `count`: how many nodes of this role a cluster has; None means as many as it has workers.
    """

    name: str
    title: str
    steps: tuple[str, ...]
    services: tuple[str, ...]
    count: int | None


@dataclass(frozen=True)
class Port:
    """A TCP port on which the nodes of a role listen."""

    name: str
    number: int
    role: str


@dataclass(frozen=True)
class Page:
    """A web page of the cluster: on every node of `role`, at `port` (a number) and `path`.

    `for_visitors`: those that a floating IP admits may open it too, not only the gateway.
    """

    name: str
    title: str
    role: str
    port: int
    path: str
    for_visitors: bool


@dataclass(frozen=True)
class NodeName:
    """A node of a cluster before it exists."""

    name: str
    role: str


@dataclass(frozen=True)
class Manifest:
    """A framework. The first role is the master's: its agent gets the commands.

    `protected_settings`: for each family of settings that people may add to, patterns (as in a shell, in lower case)
    of the names that are not theirs to set. `copies` of each block are kept where there are as many workers, or as many
    as the setting `copies_setting` (its family and name) says.
    """

    name: str
    title: str
    description: str
    roles: tuple[Role, ...]
    steps: tuple[Step, ...]
    ports: tuple[Port, ...]
    pages: tuple[Page, ...]
    minimum_workers: int
    maximum_workers: int
    default_workers: int
    job_suffixes: tuple[str, ...]
    protected_settings: Mapping[str, tuple[str, ...]]
    copies: int
    copies_setting: tuple[str, str]

    @property
    def master(self) -> Role:
        return self.roles[0]

    def role(self, name: str) -> Role:
        """The role of this name; KeyError where there is none."""
        for role in self.roles:
            if role.name == name:
                return role
        raise KeyError(name)

    @property
    def step_titles(self) -> dict[str, str]:
        """The words for each step."""
        return {step.name: step.title for step in self.steps}

    def is_protected(self, family: str, key: str) -> bool:
        """Whether a setting carries security, addresses or our own software; of an unknown family everything does."""
        return any(fnmatchcase(key.lower(), pattern) for pattern in self.protected_settings.get(family, ("*",)))

    def nodes(self, workers: Workers) -> tuple[NodeName, ...]:
        """The nodes of a cluster with these workers: `master`, `worker-01`, `worker-02`, ..."""
        numbers = worker_numbers(workers)
        return tuple(
            NodeName(_node_name(role, number), role.name)
            for role in self.roles
            for number in (numbers if role.count is None else worker_numbers(role.count))
        )

    def step_count(self, workers: Workers) -> int:
        """How many node steps there are until a cluster with these workers is ready."""
        return sum(len(self.role(node.role).steps) for node in self.nodes(workers))


def worker_numbers(workers: Workers) -> tuple[int, ...]:
    """The workers' numbers, e.g. (1, 2, 3) for 3; those that a cluster has left after a shrink as they are."""
    return tuple(range(1, workers + 1)) if isinstance(workers, int) else tuple(workers)


def next_numbers(numbers: Sequence[int], how_many_more: int) -> tuple[int, ...]:
    """The workers' numbers after a growth: the new ones lie above the highest."""
    first = max(numbers, default=0) + 1
    return (*numbers, *range(first, first + how_many_more))


def node_number(name: str) -> int:
    """The number in a node's name: that of worker-03 is 3, and of the only one of its role 1."""
    number = name.rpartition("-")[2]
    return int(number) if number.isdecimal() else 1


def _node_name(role: Role, number: int) -> str:
    return role.name if role.count == 1 else f"{role.name}-{number:02d}"
