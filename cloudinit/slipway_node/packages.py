"""The Python packages that the cluster's owner wants for jobs, beside those of the bundle.

They go into an environment of the node's own, which sees the bundle's: what that has is not fetched again, and nothing
in it is changed. Wheels only: a node has no compiler, and a package's own programs need not run to install it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping

from .errors import StepError
from .node import Node

TAIL_LETTERS = 1200
ENVIRONMENT_SECONDS = 60.0
PIP = (
    *("install", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "-q"),
    *("--progress-bar", "off", "--no-warn-script-location", "--retries", "3", "--timeout", "20"),
)


def install(node: Node, end: float) -> None:
    """Install what is not yet. StepError names the package that could not be, before the monotonic time `end`."""
    packages = node.packages_folder
    # The last thing to be made: what an interrupted boot has left counts for nothing.
    if packages is None or packages.exists():
        return
    environment = packages.parent
    shutil.rmtree(environment, ignore_errors=True)
    job_python = node.bundle / "job-python" / "bin" / "python"
    _run([str(job_python), "-I", "-m", "venv", "--without-pip", str(environment)], node, ENVIRONMENT_SECONDS)
    (found,) = environment.glob("lib/python*/site-packages")
    (bundled,) = (node.bundle / "job-python").resolve().glob("lib/python*/site-packages")
    (found / "bundle.pth").write_text(f"{bundled}\n", encoding="utf-8")
    index = ["--index-url", node.packages.index] if node.packages.index else []
    pip = [str(node.bundle / "node-python" / "bin" / "python"), "-I", "-m", "pip"]
    to = ["--python", str(environment / "bin" / "python")]
    _run([*pip, *to, *PIP, *index, *node.packages.names], node, end - time.monotonic())
    packages.symlink_to(found.relative_to(environment))


def _run(command: list[str], node: Node, seconds: float) -> None:
    try:
        done = subprocess.run(
            command,
            env=index_only(os.environ) if node.packages.index else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=max(1.0, seconds),
            check=False,
        )
        code, said = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        code, said = -1, f"not done after {seconds:.0f} s\n{(error.stdout or b'').decode(errors='replace')}"
    if code != 0:
        name = culprit(node.packages.names, said)
        raise StepError(
            f"the Python package {name} could not be installed: {cause(said)}; ask for a version of which there is a "
            "wheel for this Python, or do without",
            said[-TAIL_LETTERS:],
        )


def index_only(environment: Mapping[str, str]) -> dict[str, str]:
    """For an index of the cluster's own: none that this machine is configured for may answer in its place."""
    kept = {name: value for name, value in environment.items() if not name.startswith("PIP_")}
    return kept | {"PIP_CONFIG_FILE": os.devnull}


def cause(said: str) -> str:
    """The last of what pip said that is an error, else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip said nothing"])[-1]


def culprit(names: Iterable[str], said: str) -> str:
    """The package of which pip's errors speak; all of them where they speak of none."""
    names = list(names)
    errors = "\n".join(line for line in said.splitlines() if line.startswith("ERROR:")).lower()
    for name in names:
        bare = re.split(r"[^a-z0-9._-]", name.lower())[0]
        if re.search(rf"(?<![\w.-]){re.escape(bare)}(?![\w-])", errors):
            return name
    return ", ".join(names)
