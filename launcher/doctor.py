"""`./slipway doctor`: what this machine has, what is missing, and what to do about it. Verdicts are pure functions."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from launcher import environments, ports, system
from launcher.console import Console
from launcher.paths import TEMPORARY, Paths, closed_ancestor
from launcher.problem import Problem

JDK_PACKAGE, MAVEN_PACKAGE, NSS_PACKAGE = "openjdk-17-jdk-headless", "maven", "libnss-wrapper"
NEEDED_DISK = 4_000_000_000  # for the first set-up: 3.0 GB of cache, 0.2 GB of home, and some air
SPARE_DISK = 500_000_000  # for a home that was up before
NEEDED_MEMORY, GOOD_MEMORY = 2_500_000_000, 6_000_000_000
OK, WARNING, MISSING = "ok", "warning", "missing"


@dataclass(frozen=True)
class Facts:
    """What was found. Sizes are bytes; a version is None where there is no such program."""

    root: bool
    python: tuple[int, int, int]
    venv: bool
    java: int | None
    javac: int | None
    maven: str | None
    nss_wrapper: bool
    free_disk: dict[str, int]
    free_memory: int
    temporary_folder: str
    web_port: int
    web_port_free: bool
    redis: str | None
    closed_folder: str | None
    settled: bool = False  # a home that was up before


@dataclass(frozen=True)
class Check:
    """One line of the doctor: verdict ok, warning or missing; `package` is what apt would install for it."""

    name: str
    verdict: str
    text: str
    next_step: str = ""
    package: str | None = None


def gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def _packaged(name: str, package: str, fine: bool, text: str, lack: str) -> Check:
    if fine:
        return Check(name, OK, text)
    return Check(name, MISSING, lack, system.install_line([package]), package)


def judge(facts: Facts) -> list[Check]:
    """A verdict on each fact."""
    version = ".".join(map(str, facts.python))
    jdk = facts.java is not None and facts.java >= 17 and facts.javac is not None and facts.javac >= 17
    java = f"found Java {facts.java or 'none'}, compiler {facts.javac or 'none'}; 17 or newer is needed"
    checks = [
        Check("Python", OK, version),
        _packaged("venv", f"python{version.rsplit('.', 1)[0]}-venv", facts.venv, "ensurepip is there", "no ensurepip"),
        _packaged("JDK", JDK_PACKAGE, jdk, f"{facts.javac}", java),
        _packaged("Maven", MAVEN_PACKAGE, facts.maven is not None, f"{facts.maven}", "no mvn"),
    ]
    if facts.root:
        lack = "as root the nodes run under uids of their own, which it names"
        checks.append(_packaged("nss_wrapper", NSS_PACKAGE, facts.nss_wrapper, "can be loaded", lack))
    return [*checks, *_disk(facts), _memory(facts), *_places(facts), _web(facts), _redis(facts)]


def _disk(facts: Facts) -> list[Check]:
    checks = []
    for folder, free in facts.free_disk.items():
        text = f"{gigabytes(free)} free for {folder}"
        if free >= NEEDED_DISK:
            checks.append(Check("disk", OK, text))
        elif facts.settled and free >= SPARE_DISK:
            checks.append(Check("disk", WARNING, f"{text}: short for what jobs bring", "free some"))
        else:
            advice = "free some, or set SLIPWAY_HOME and SLIPWAY_CACHE to folders on a larger disk"
            checks.append(Check("disk", MISSING, f"{text}; {gigabytes(NEEDED_DISK)} are needed", advice))
    return checks


def _memory(facts: Facts) -> Check:
    text = f"{gigabytes(facts.free_memory)} available"
    if facts.free_memory >= GOOD_MEMORY:
        return Check("memory", OK, text)
    advice = "end other programs before you create a cluster"
    if facts.free_memory >= NEEDED_MEMORY:
        return Check("memory", WARNING, f"{text}: enough for the portal, short for three nodes", advice)
    return Check("memory", WARNING, f"{text}: too little for a cluster", advice)


def _places(facts: Facts) -> list[Check]:
    if facts.temporary_folder:
        advice = f"make it a folder that all may write to: chmod 1777 {TEMPORARY}"
        checks = [Check(str(TEMPORARY), MISSING, facts.temporary_folder, advice)]
    else:
        checks = [Check(str(TEMPORARY), OK, "takes sockets")]
    if facts.root and facts.closed_folder:
        text = f"{facts.closed_folder} is closed to the nodes' users"
        advice = f"chmod o+x {facts.closed_folder}, or set SLIPWAY_HOME and SLIPWAY_CACHE elsewhere"
        checks.append(Check("folders", MISSING, text, advice))
    return checks


def _web(facts: Facts) -> Check:
    if facts.web_port_free:
        return Check("port", OK, f"{facts.web_port} is free, or ours")
    return Check("port", WARNING, f"{facts.web_port} is taken: another one is chosen", "or give one: up --port N")


def _redis(facts: Facts) -> Check:
    return Check("Redis", OK, facts.redis or "none on the system: the one in the portal environment is taken")


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""


def java_release(text: str) -> int | None:
    """The feature release in what `java -version` or `javac -version` prints: 17 of "17.0.15", 8 of "1.8.0_362"."""
    found = re.search(r'(?:version "|javac )(\d+)(?:\.(\d+))?', text)
    if not found:
        return None
    first, second = int(found[1]), found[2]
    return int(second) if first == 1 and second else first


def _maven_version() -> str | None:
    program = shutil.which("mvn")
    found = re.search(r"Apache Maven (\d[\w.-]*)", _output([program, "-version"])) if program else None
    return found[1] if found else None


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _memory_available() -> int:
    found = re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    return int(found[1]) * 1024 if found else 0


def free_disk(paths: Paths) -> dict[str, int]:
    """Bytes that are free for the home and for the cache."""
    return {str(place): shutil.disk_usage(place).free for place in {_existing(paths.home), _existing(paths.cache)}}


def full_disk(trouble: Exception, free: dict[str, int]) -> Problem | None:
    """What to tell of a trouble whose cause is a full disk; None where it has another one."""
    if not any(os.strerror(number) in str(trouble) for number in (errno.ENOSPC, errno.EDQUOT)):
        return None
    folder = min(free, key=lambda place: free[place])
    return Problem(
        f"no space is left on the disk of {folder}",
        f"{gigabytes(free[folder])} are free, {gigabytes(NEEDED_DISK)} are needed. It was said of this:\n"
        + textwrap.indent(str(trouble), " " * 8),
        "free some, or set SLIPWAY_HOME and SLIPWAY_CACHE to folders on a larger disk; then `./slipway up` again: "
        "it goes on where it stopped",
    )


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _temporary_folder_trouble() -> str:
    try:
        with (
            tempfile.TemporaryDirectory(prefix="slipway-", dir=TEMPORARY) as name,
            socket.socket(socket.AF_UNIX) as probe,
        ):
            probe.bind(f"{name}/s")
    except OSError as error:
        return f"no socket can be made there: {error}"
    return ""


def gather(paths: Paths, web_runs: bool) -> Facts:
    """Look at this machine; a port that our own running web holds counts as free."""
    port = ports.read(paths.ports).get("web", ports.WEB)
    closed = closed_ancestor(_existing(paths.home)) or closed_ancestor(_existing(paths.cache))
    return Facts(
        root=os.geteuid() == 0,
        python=(sys.version_info.major, sys.version_info.minor, sys.version_info.micro),
        venv=environments.can_make_venv(),
        java=java_release(_output([_java_program("java"), "-version"])),
        javac=java_release(_output([_java_program("javac"), "-version"])),
        maven=_maven_version(),
        nss_wrapper=_loads("libnss_wrapper.so"),
        free_disk=free_disk(paths),
        free_memory=_memory_available(),
        temporary_folder=_temporary_folder_trouble(),
        web_port=port,
        web_port_free=web_runs or ports.is_free(port),
        redis=shutil.which("redis-server") or shutil.which("valkey-server"),
        closed_folder=str(closed) if closed else None,
        settled=paths.supervisord_conf.exists(),
    )


def _java_program(name: str) -> str:
    """As the bundle and the nodes find it."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / name) if home else name


def missing_packages(checks: list[Check]) -> list[str]:
    return [check.package for check in checks if check.verdict == MISSING and check.package]


def other_trouble(checks: list[Check]) -> Problem | None:
    """What is missing and cannot be installed; None if there is nothing of that kind."""
    bad = [check for check in checks if check.verdict == MISSING and not check.package]
    if not bad:
        return None
    return Problem(
        "this machine lacks something",
        "; ".join(f"{check.name}: {check.text}" for check in bad),
        "; ".join(check.next_step for check in bad),
    )


def show(checks: list[Check], console: Console) -> bool:
    """Print a line per check, and one line that installs all that is missing; whether all is well."""
    for check in checks:
        console.say(f"  {check.verdict:8} {check.name:12} {check.text}")
        if check.next_step:
            console.say(f"  {'':8} {'':12} -> {check.next_step}")
    packages = missing_packages(checks)
    if packages:
        console.say(f"\nAll at once: {system.install_line(packages)}")
    return all(check.verdict != MISSING for check in checks)
