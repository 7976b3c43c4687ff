"""What a framework says about itself: pure data, read by the generator, the portal and the node."""

from __future__ import annotations

from dataclasses import dataclass


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
    """A web page of the cluster: on every node of `role`, at `port` (a number) and `path`."""

    name: str
    title: str
    role: str
    port: int
    path: str


@dataclass(frozen=True)
class NodeName:
    """A node of a cluster before it exists."""

    name: str
    role: str


@dataclass(frozen=True)
class Manifest:
    """A framework. The first role is the master's: its agent gets the commands."""

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

    def nodes(self, workers: int) -> tuple[NodeName, ...]:
        """The nodes of a cluster with so many workers: `master`, `worker-01`, `worker-02`, ..."""
        return tuple(
            NodeName(_node_name(role, number), role.name)
            for role in self.roles
            for number in range(1, (workers if role.count is None else role.count) + 1)
        )

    def step_count(self, workers: int) -> int:
        """How many node steps there are until a cluster with so many workers is ready."""
        return sum(len(self.role(node.role).steps) for node in self.nodes(workers))


def _node_name(role: Role, number: int) -> str:
    return role.name if role.count == 1 else f"{role.name}-{number:02d}"
