"""Where the attacks are tried: two clusters of two people, and what is known of the place that they stand in.

The tests know nothing else: another place (containers, a real OpenStack) makes another `Site`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.slipway_client import Client
from tests.attacks.jobs import ask

JOBS = Path(__file__).with_name("jobs")
# Of a job that nothing is wrong with, on a machine that has much else to do.
JOB_SECONDS = 600
MARK = "TOLD "  # begins the line on which a program of jobs/ says what came of it
Json = dict[str, Any]


def told_in(text: str) -> Any:
    """What a program of jobs/ has told, by what it wrote; None where it has told nothing yet."""
    lines = [line for line in text.splitlines() if line.startswith(MARK)]
    return json.loads(lines[-1].removeprefix(MARK)) if lines else None


@dataclass(frozen=True)
class Cluster:
    """A ready cluster, and whose it is."""

    person: Client
    row: Json

    @property
    def id(self) -> str:
        return str(self.row["id"])

    def address(self, node: str) -> str:
        (address,) = [each["address"] for each in self.row["nodes"] if each["name"] == node]
        return str(address)

    def host(self, node: str) -> str:
        return f"{node}.c{self.id[:8]}.slipway.internal"

    def start(self, program: str, **arguments: Any) -> str:
        """Submit one of the programs of jobs/; the job's id."""
        job = self.person.submit_job(self.id, JOBS / program, [json.dumps(arguments)])
        return str(job["id"])

    def told(self, job: str) -> Any:
        """What the job has told so far; None where it has told nothing yet."""
        return told_in(self.person.log(job))

    def run(self, program: str, **arguments: Any) -> Any:
        """What a job tells that ended well."""
        job = self.start(program, **arguments)
        ended = self.person.wait_for_job(job, JOB_SECONDS)
        assert ended["status"] == "succeeded", (ended["reason"], self.person.log(job)[-4000:])
        return self.told(job)


@dataclass(frozen=True)
class Request:
    """Of HTTP. `$` words are filled in by who sends it, see jobs/ask.py."""

    url: str
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Status 0: there was none, and `body` says why."""

    status: int
    body: str

    @property
    def error(self) -> str:
        """Why there was none, in one word; empty where there was one."""
        return "" if self.status else self.body.partition(":")[0]


@dataclass(frozen=True)
class Stand:
    """Where somebody asks from who has a shell and no job: an address of this machine, or of a network of its own."""

    address: str
    # Takes a thread into that network.
    enter: Callable[[], None] | None = None

    def ask(self, requests: Mapping[str, Request]) -> dict[str, Answer]:
        plain = {name: vars(request) for name, request in requests.items()}
        return {name: Answer(*answer) for name, answer in ask.ask(plain, self.address, {}, self.enter).items()}


@dataclass(frozen=True)
class Pair:
    attacker: Cluster
    victim: Cluster
    # The victim's program, which runs all the time, and what it told: where its words lie in HDFS.
    job: str
    told: Json
    # The victim's words: in no answer to anybody else.
    words: str


@dataclass(frozen=True)
class Site(Pair):
    portal: str
    # What the victim's machines were told that nobody else may know.
    secrets: tuple[str, ...]
    # The victim's scratch folder, as its machines mount it.
    export: str
    # Where it lies, as far as a machine of others could know.
    share: str
    # NAME/ID of the stacks in Heat.
    stacks: Mapping[str, str]
    keystone: str
    # What a program of another cluster may look for on the machine that it runs on.
    files: Mapping[str, str]
    sockets: Mapping[str, str]
    # Nobody's machine on the network, the portal's, the victim's master, and who takes the address of its worker.
    outside: Stand
    gateway: Stand
    inside: Stand
    impostor: Stand
    # Whether each server's programs, and the portal's, run under a user of their own.
    apart: bool
    # Whether whoever is on the network can take any address of it.
    any_address: bool
    # Whether strangers come to a cluster's doors at all. Where the network keeps them out, nobody answers them.
    strangers_arrive: bool
    # What a server has of memory, where another bound than the machine's holds.
    memory_mb: int | None
    # How many processes a server's user may have, where that is bounded.
    most_processes: int | None

    def ask(self, requests: Mapping[str, Request]) -> dict[str, Answer]:
        """The answers to a job on the attacker's cluster: from its node's address, and from any of the machine's."""
        found = self.attacker.run("ask.py", requests={name: vars(request) for name, request in requests.items()})
        return {name: Answer(*answer) for name, answer in found.items()}

    def refuses(self, answer: Answer) -> bool:
        """Whether this is what strangers get at a door that is kept."""
        return answer.status == 403 if self.strangers_arrive else answer.error == "TimeoutError"

    @property
    def where_nobody_listens(self) -> str:
        """How a stranger's request ends at a port that is closed."""
        return "ConnectionRefusedError" if self.strangers_arrive else "TimeoutError"

    def is_whole(self) -> bool:
        """Whether the victim's program runs, on all of its machines."""
        return self.victim.person.job(self.job)["status"] == "running" and self.application()["state"] == "RUNNING"

    def application(self) -> Json:
        """The victim's application, as its master's page shows it."""
        (application,) = self.master()["activeapps"]
        assert isinstance(application, dict)
        return application

    def master(self) -> Json:
        page = Request(f"http://{self.victim.address('master')}:8080/json/")
        found: Json = json.loads(self.gateway.ask({"page": page})["page"].body)
        return found
