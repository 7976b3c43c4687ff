"""Where the attacks are tried: two clusters of two people, and what is known of the place that they stand in.

The tests know nothing else: another place (containers, a real OpenStack) makes another `Site`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.slipway_client import Client
from tests.attacks.jobs.ask import send

JOBS = Path(__file__).with_name("jobs")
JOB_SECONDS = 240
MARK = "TOLD "  # begins the line on which a program of jobs/ says what came of it
Json = dict[str, Any]


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
        lines = [line for line in self.person.log(job).splitlines() if line.startswith(MARK)]
        return json.loads(lines[-1].removeprefix(MARK)) if lines else None

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


@dataclass(frozen=True)
class Site:
    portal: str
    attacker: Cluster
    victim: Cluster
    # The victim's program, which runs all the time, and what it told: where its words lie in HDFS.
    job: str
    told: Json
    # The victim's words: in no answer to anybody else.
    words: str
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
    # An address that is nobody's.
    stranger: str
    # Whether each server's programs, and the portal's, run under a user of their own.
    apart: bool
    # Whether whoever is on the network can take any address of it.
    any_address: bool

    def ask(self, requests: Mapping[str, Request]) -> dict[str, Answer]:
        """The answers to a job on the attacker's cluster: from its node's address, and from any of the machine's."""
        found = self.attacker.run("ask.py", requests={name: vars(request) for name, request in requests.items()})
        return {name: Answer(*answer) for name, answer in found.items()}

    def ask_from(self, source: str, requests: Mapping[str, Request]) -> dict[str, Answer]:
        """The answers to somebody with a shell on this machine."""
        return {name: Answer(*send(vars(request), source, {})) for name, request in requests.items()}

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
        found: Json = json.loads(self.ask_from(self.victim.address("master"), {"page": page})["page"].body)
        return found
