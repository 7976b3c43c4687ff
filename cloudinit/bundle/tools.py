"""The programs that the build needs, and how it runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

OLDEST_JAVA = 17
TAIL_LINES = 15
JDK_ADVICE = "install a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless), or set JAVA_HOME"


class BuildError(Exception):
    """The bundle cannot be built; the message says why and what to do."""


@dataclass(frozen=True)
class Tools:
    """Paths of the programs; `python` is the interpreter that the nodes' environments stand on."""

    python: Path
    uv: str
    java: str
    javac: str
    maven: str


def find(python: Path, uv: str) -> Tools:
    """The programs, each looked at; BuildError names the first that is missing or cannot be used."""
    # In this order they are looked for.
    return Tools(
        python=_python(python),
        uv=_program(uv, "uv", "give its path with --uv"),
        javac=_javac(),
        java=_java(),
        maven=_maven(),
    )


def run(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end; its output. BuildError carries the last lines where it fails.

    The program gets our inheritable descriptors, which are those of locks.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(environment or {})},
        check=False,
        close_fds=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-TAIL_LINES:])
        raise BuildError(f"{Path(command[0]).name} ended with {done.returncode}:\n{tail}")
    return done.stdout


def maven_options(cache: Path) -> list[str]:
    """Where Maven keeps its downloads: in our cache, unless the person's own configuration names a place."""
    spoken = os.environ.get("MAVEN_OPTS", "") + os.environ.get("MAVEN_ARGS", "")
    if "maven.repo.local" in spoken or _names_local_repository(Path.home() / ".m2" / "settings.xml"):
        return []
    return [f"-Dmaven.repo.local={cache / 'downloads' / 'maven'}"]


def uv_environment(cache: Path) -> dict[str, str]:
    """The same for uv."""
    return {} if "UV_CACHE_DIR" in os.environ else {"UV_CACHE_DIR": str(cache / "downloads" / "uv")}


def _names_local_repository(settings: Path) -> bool:
    try:
        # The person's own file, which Maven is about to believe as well.
        root = ElementTree.parse(settings).getroot()  # noqa: S314
    except (OSError, ElementTree.ParseError):
        return False
    return any(element.tag.rpartition("}")[2] == "localRepository" for element in root)


def _python(path: Path) -> Path:
    question = "import sys; print(*sys.version_info[:2])"
    try:
        answer = run([str(path), "-I", "-c", question]).split()
    except OSError as error:
        raise BuildError(
            f"{path} cannot be run ({error.strerror}): give a Python 3.11 or 3.12 with --python"
        ) from error
    if answer not in (["3", "11"], ["3", "12"]):
        raise BuildError(f"{path} is Python {'.'.join(answer)}: give a Python 3.11 or 3.12 with --python")
    closed = _closed_to_others(path.resolve())
    if closed and os.geteuid() == 0:
        raise BuildError(
            f"{path} lies below {closed}, which is closed to other users, but nodes run under users of their own: "
            "give another Python 3.11 or 3.12 with --python, such as /usr/bin/python3"
        )
    return path


def _closed_to_others(path: Path) -> Path | None:
    for place in (path, *path.parents):
        if not place.stat().st_mode & 0o001:
            return place
    return None


def _program(name: str, title: str, advice: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BuildError(f"{title} is needed and {name!r} was not found: {advice}")
    return found


def _maven() -> str:
    return _program("mvn", "Maven", "install it (Debian: apt-get install maven)")


def _java() -> str:
    """The Java that nodes find, too: see `slipway_node.facts`."""
    return _program(_java_program("java"), "A Java", JDK_ADVICE)


def _javac() -> str:
    found = _program(_java_program("javac"), "A JDK", JDK_ADVICE)
    words = run([found, "-version"]).split()
    major = words[-1].split(".")[0] if words else ""
    if not major.isdigit() or int(major) < OLDEST_JAVA:
        raise BuildError(f"{found} is of version {words[-1] if words else 'unknown'}, which is too old: {JDK_ADVICE}")
    return found


def _java_program(name: str) -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / name) if home else name
