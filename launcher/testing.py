"""`./slipway test`: the suites, in the test environment; and an embedded cloud of one's own for the e2e tests."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher import configuration, environments, ports, site, system
from launcher.console import Console
from launcher.environments import python_of
from launcher.paths import TOP, Paths, resolve
from launcher.problem import Problem

SUITES = ("unit", "db", "e2e", "browser")
# Only where they are named: kills, full disks and ill clouds take long, onebox makes the machine an OpenStack, docker
# starts an engine and makes the image of nodes.
NAMED_ONLY = ("resilience", "onebox", "docker")
# What a suite runs beside the folder of its name.
MORE_FOLDERS = {"e2e": ("attacks",)}
# Suites whose tests share no house: each processor takes files of its own, with a PostgreSQL of its own.
SPREAD = ("unit", "db")
SPREADING = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
# Tools that no package index has as they are: program -> Debian package.
SYSTEM_TOOLS = {
    "shellcheck": "shellcheck",
    "chromium": "chromium",
    "ssh": "openssh-client",
    "dockerd": "docker.io",
    "docker-compose": "docker-compose",
}
# What a suite needs of them.
NEEDED_BY = {"unit": ("ssh",), "browser": ("chromium",), "docker": ("dockerd", "docker-compose")}
COUNTS = ("tests", "passed", "failures", "errors", "skipped")


@dataclass(frozen=True)
class Outcome:
    """What one suite came to; counts by pytest's own report, empty where it wrote none."""

    suite: str
    exit_code: int
    counts: dict[str, int]
    seconds: float

    @property
    def good(self) -> bool:
        # A suite in which nothing ran, or something was skipped for want of what it needs, proves nothing.
        return self.exit_code == 0 and self.counts.get("passed", 0) > 0 and not self.counts.get("skipped", 0)


def read_counts(report: str) -> dict[str, int]:
    """The counts in a JUnit report of pytest."""
    counts = dict.fromkeys(COUNTS, 0)
    for suite in xml.etree.ElementTree.fromstring(report).iter("testsuite"):  # noqa: S314  (our own pytest wrote it)
        for name in ("tests", "failures", "errors", "skipped"):
            counts[name] += int(suite.get(name, "0"))
    counts["passed"] = counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"]
    return counts


def describe(outcome: Outcome) -> str:
    if not outcome.counts:
        return f"{outcome.suite:7} FAILED  it did not run to its end (exit status {outcome.exit_code})"
    parts = [f"{outcome.counts[name]} {name}" for name in COUNTS[1:] if outcome.counts[name] or name == "passed"]
    verdict = "ok" if outcome.good else "FAILED"
    return f"{outcome.suite:7} {verdict:7} {', '.join(parts)} in {outcome.seconds:.1f} s"


def total(outcomes: Sequence[Outcome]) -> Outcome:
    counts = {name: sum(outcome.counts.get(name, 0) for outcome in outcomes) for name in COUNTS}
    worst = 0 if all(outcome.good for outcome in outcomes) else 1
    return Outcome("total", worst, counts, sum(outcome.seconds for outcome in outcomes))


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The suites, and what is pytest's: all behind --. Where only paths are named, the suites are theirs."""
    at = list(words).index("--") if "--" in words else len(words)
    suites, options = list(words[:at]), list(words[at + 1 :])
    for word in suites:
        if word not in (*SUITES, *NAMED_ONLY):
            why = f"there are {', '.join((*SUITES, *NAMED_ONLY))}; pytest's options and paths stand behind --"
            raise Problem(f"there is no suite {word!r}", why, "name one of them, or none")
    named = {option.split("/")[1] for option in options if option.startswith("tests/")}
    return suites or [name for name in (*SUITES, *NAMED_ONLY) if named & {*_folders_of(name)}], options


def folders(suite: str, options: Sequence[str]) -> list[str]:
    """The suite's folders, unless the options name paths of tests, which narrow it."""
    whole = [f"tests/{name}" for name in _folders_of(suite)]
    return [] if any(option.startswith("tests/") for option in options) else whole


def _folders_of(suite: str) -> tuple[str, ...]:
    return suite, *MORE_FOLDERS.get(suite, ())


def run_suites(paths: Paths, chosen: Sequence[str], options: Sequence[str], console: Console) -> bool:
    """Run the suites (all of SUITES when none is named); whether all is well. The last lines are the counts."""
    environment = ensure_environment(paths, console)
    suites = chosen or SUITES
    for program in {program for suite in suites for program in NEEDED_BY.get(suite, ())}:
        system_program(program, console)
    outcomes = []
    for suite in suites:
        console.say(f"== {suite}")
        outcomes.append(_run_suite(paths, environment, suite, options))
    console.say()
    for outcome in [*outcomes, total(outcomes)]:
        console.say(describe(outcome))
        if outcome.counts.get("skipped") and outcome.suite != "total":
            console.say(f"{'':7} skipped tests count as failed: something that they need is missing (see above)")
    return total(outcomes).good


def ensure_environment(paths: Paths, console: Console) -> Path:
    if not environments.is_complete(environments.folder(paths, "test")):
        with console.step("environments") as step:
            environments.ensure(paths, "test", step.say)
    return environments.folder(paths, "test")


def _run_suite(paths: Paths, environment: Path, suite: str, options: Sequence[str]) -> Outcome:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slipway-test-") as folder:
        report = Path(folder) / "report.xml"
        whole = folders(suite, options)
        spread = SPREADING if whole and suite in SPREAD else ()
        command = [str(python_of(environment)), "-m", "pytest", *whole, *spread, f"--junitxml={report}"]
        sys.stdout.flush()
        done = subprocess.run(
            [*command, *options],
            check=False,
            cwd=paths.top,
            env=tool_environment(environment),
            stdin=subprocess.DEVNULL,
        )
        counts = read_counts(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Outcome(suite, done.returncode, counts, time.monotonic() - began)


def tool_environment(environment: Path) -> dict[str, str]:
    """The caller's environment with the test environment's programs first."""
    path = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(environment)}


def become_tool(paths: Paths, words: Sequence[str], console: Console) -> None:
    """Become a program of the test environment, in the checkout: ruff, mypy, lint-imports ..."""
    environment = ensure_environment(paths, console)
    program = environment / "bin" / words[0]
    if not program.exists():
        program = system_program(words[0], console)
    os.chdir(paths.top)
    os.execve(program, [str(program), *words[1:]], tool_environment(environment))


def system_program(name: str, console: Console) -> Path:
    """A program that comes from the system: as root installed where it is missing. Problem if it is no tool of ours."""
    if name not in SYSTEM_TOOLS:
        raise Problem(f"{name} is not in the test environment", "pyproject.toml does not name it", "name another one")
    if not shutil.which(name):
        system.install([SYSTEM_TOOLS[name]], console.say)
    return Path(shutil.which(name) or name)


@dataclass(frozen=True)
class Embedded:
    """A running Slipway of a test's own."""

    home: Path
    logins: dict[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the portal is now: an `up` takes another port where its own was taken meanwhile."""
        paths = resolve({**os.environ, "SLIPWAY_HOME": str(self.home)}, os.geteuid())
        return configuration.portal_url(ports.read(paths.ports), site.bind_address(paths))

    def slipway(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `./slipway ARGUMENTS` on this home; stdout and stderr are in the answer."""
        return _slipway(self.home, arguments, check, self.environment)

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.slipway("status", "--json").stdout)
        return answer


def _slipway(
    home: Path, arguments: Sequence[str], check: bool, more: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    # The tests have a portal's settings in their own environment, which are not this home's.
    outside = {name: value for name, value in os.environ.items() if name not in site.SETTINGS}
    done = subprocess.run(
        [str(TOP / "slipway"), *arguments],
        check=False,
        env={**outside, **more, "SLIPWAY_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if check and done.returncode:
        raise AssertionError(f"./slipway {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return done


def _port_of(home: Path) -> int:
    """Not the one that everybody's first home takes: a home that is switched off and on finds it free again."""
    start = ports.FIRST + zlib.crc32(bytes(home)) % (ports.LAST - ports.FIRST)
    return ports.first_free(start, set(), ports.is_free)


@contextlib.contextmanager
def embedded(name: str = "a home", environment: Mapping[str, str] | None = None) -> Iterator[Embedded]:
    """`./slipway up` on a home called `name` in a temporary folder, and `reset` at the end, whatever happened."""
    more = environment or {}
    with tempfile.TemporaryDirectory(prefix="slipway-home-") as folder:
        # As root the nodes' users must reach it.
        Path(folder).chmod(0o711)
        home = Path(folder) / name
        try:
            _slipway(home, ["up", "--port", str(_port_of(home))], check=True, more=more)
            logins = json.loads((home / "logins.json").read_text(encoding="utf-8"))
            yield Embedded(home, logins, more)
        finally:
            _slipway(home, ["reset", "--yes"], check=True, more=more)
