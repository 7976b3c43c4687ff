"""The Docker engine of this machine, by its own command line: every question has a bound."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from launcher.problem import Problem

SECONDS = 60.0
PACKAGE = "docker.io"
AGAIN = "correct the cause, then run this again: what was done is kept"


@dataclass(frozen=True)
class Engine:
    """An engine by its address, a socket of this machine."""

    address: str

    def call(self, *words: str, seconds: float = SECONDS) -> str:
        """What `docker WORDS` prints. Problem where it fails or takes longer."""
        done = self.attempt(*words, seconds=seconds)
        if done.returncode:
            tail = "\n".join(done.stderr.strip().splitlines()[-12:])
            raise Problem(f"`docker {words[0]}` failed", tail, "correct the cause, then run this again")
        return done.stdout.strip()

    def attempt(
        self, *words: str, seconds: float = SECONDS, given: IO[bytes] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """As `call`, and whoever calls looks whether it failed; `given` is its input."""
        try:
            return subprocess.run(
                ["docker", *words],
                check=False,
                env=self._environment(),
                stdin=given or subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            why = f"`docker {words[0]}` took longer than {seconds:.0f} s"
            raise Problem("the Docker engine is too slow", why, "look at the machine's load and disk") from None

    def inspect(self, kind: str, name: str) -> Any:
        """What the engine knows of a thing; None where there is none of that name."""
        done = self.attempt(kind, "inspect", name)
        return None if done.returncode else json.loads(done.stdout)[0]

    def build(self, tag: str, arguments: dict[str, str], send: Callable[[IO[bytes]], None]) -> None:
        """An image of the context that `send` writes as a tar. Problem with the last lines where it fails."""
        words = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        # The machine's own network: a build needs no bridge, and asks apt's mirror as the machine does.
        command = ["docker", "build", "--network=host", "--force-rm", "--tag", tag, *words, "-"]
        with subprocess.Popen(
            command,
            # The builder that every engine has, Debian's too, which comes without BuildKit's client.
            env={**self._environment(), "DOCKER_BUILDKIT": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as building:
            assert building.stdin is not None
            assert building.stdout is not None
            try:
                send(building.stdin)
                building.stdin.close()
            except BrokenPipeError:
                pass  # it says why
            said = building.stdout.read().decode(errors="replace")
        if building.returncode:
            tail = "\n        ".join(said.strip().splitlines()[-12:])
            raise Problem(f"the image {tag} could not be built", tail, AGAIN)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **({"DOCKER_HOST": self.address} if self.address else {})}


def find() -> Engine:
    """The engine that this user's `docker` talks to. Problem where there is none, or none of this machine."""
    if not shutil.which("docker"):
        raise Problem(
            "there is no Docker here",
            "nodes are to be containers (SLIPWAY_MINICLOUD_DRIVER=docker), and there is no program `docker`",
            f"`sudo apt-get install {PACKAGE}`, or unset SLIPWAY_MINICLOUD_DRIVER: nodes are processes then",
        )
    asked = Engine(os.environ.get("DOCKER_HOST", ""))
    template = "{{.Endpoints.docker.Host}}"
    engine = Engine(asked.address or asked.call("context", "inspect", "--format", template))
    if not engine.address.startswith("unix://"):
        raise Problem(
            "the Docker engine is not of this machine",
            f"it is at {engine.address}; nodes get their addresses and folders from this machine",
            "unset DOCKER_HOST, or set it to a socket: unix:///var/run/docker.sock",
        )
    require(engine)
    return engine


def require(engine: Engine) -> None:
    """Problem where it does not answer."""
    done = engine.attempt("version", "--format", "{{.Server.Version}}")
    if done.returncode:
        raise Problem(
            "no Docker engine answers",
            f"nodes are to be containers (SLIPWAY_MINICLOUD_DRIVER=docker); at {engine.address}: {done.stderr.strip()}",
            f"start it (`sudo apt-get install {PACKAGE}` where there is none; a user must be in the group docker), or "
            "unset SLIPWAY_MINICLOUD_DRIVER: nodes are processes then",
        )
