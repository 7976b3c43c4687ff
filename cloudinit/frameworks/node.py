"""What a framework's half on the node offers to the node program."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from cloudinit.slipway_node.node import Node


@dataclass(frozen=True)
class ConfigurationFile:
    """A file to be written whole; `mode` as in chmod."""

    path: Path
    text: str
    mode: int = 0o644


@dataclass(frozen=True)
class Program:
    """A program to be run: its argv and what it needs of the environment beside the inherited one."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Service:
    """A program that the supervisor keeps running."""

    name: str
    program: Program


@dataclass(frozen=True)
class Report:
    """How a cluster is, by the names of its nodes, as its master sees it.

    `troubles`: what is wrong, where something is. `storage`: bytes and blocks of the nodes that hold some
    ("capacity", "used", "remaining", "blocks"). `leaving`: what keeps a node that is to leave; "" where it may go.
    `idle_seconds`: since an application last ran, 0 while one does; None where that is not known.
    """

    troubles: Mapping[str, str] = field(default_factory=dict)
    storage: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    leaving: Mapping[str, str] = field(default_factory=dict)
    idle_seconds: int | None = None


class Services(Protocol):
    """The services of a node that runs, for `Half.unsettled`."""

    def signal(self, name: str, signal: str) -> None:
        """Send a signal (such as "PWR") to a service."""

    def restart(self, name: str) -> None:
        """Stop a service and start it again."""


class Half(Protocol):
    """The module `node` of a framework. All is decisions only but `prepare_storage`, `unsettled`, and what says that it
    takes seconds: that asks the cluster."""

    def directories(self, node: Node) -> list[Path]:
        """The folders that must exist before anything starts."""

    def configuration(self, node: Node) -> list[ConfigurationFile]:
        """The files for the node's role."""

    def prepare_storage(self, node: Node) -> None:
        """Make the cluster's storage where the node is to hold it; what is there already is never touched."""

    def services(self, node: Node) -> list[Service]:
        """The services of the node's role, in the order of starting; `agent` is the node program's own."""

    def missing(self, node: Node) -> str:
        """What the node still lacks to be a member of its cluster, in words; "" when it is one. Takes seconds."""

    def unsettled(self, node: Node, services: Services) -> str:
        """How the running services differ from the node's hosts and who of them leaves, in words; "" where they do not.

        It sees to it that they do not, and is called until they do not any more. Takes seconds.
        """

    def report(self, node: Node) -> Report:
        """Asked on the master. Takes seconds."""

    def hopeless(self, node: Node, log: Callable[[str], str]) -> str:
        """Why waiting for membership will not help; "" where it may. `log` gives the end of a service's log."""

    def versions(self) -> dict[str, str]:
        """The software and its versions."""

    def job_directory_uri(self, node: Node, job_id: str) -> str:
        """Where a job's files stand."""

    def job_command(
        self, node: Node, application: Path, arguments: list[str], job_directory_uri: str
    ) -> tuple[list[str], dict[str, str]]:
        """argv and environment (beside the inherited one) that run a job."""

    def job_folder_command(self, node: Node, *arguments: str) -> tuple[list[str], dict[str, str]]:
        """argv and environment of the tool that moves a job's files: `put LOCAL URI`, `get URI LOCAL LIMIT`.

        Without arguments it takes such calls from its standard input, a line each, the words apart by tabs.
        """


def half(name: str) -> Half:
    """The node's half of the framework `name`, which must exist (see `names`)."""
    return cast(Half, importlib.import_module(f".{name}.node", __package__))
