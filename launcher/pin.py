"""`./slipway pin`: compiles the requirements files, with hashes, from pyproject.toml. Pins that are there stay."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from launcher import environments
from launcher.console import Console
from launcher.files import write_atomically
from launcher.paths import Paths
from launcher.problem import Problem

OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-find-links",
    "--system-certs",
    "--quiet",
)


@dataclass(frozen=True)
class Target:
    """One requirements file: what of pyproject.toml it is made from, and by which file it is bound."""

    file: str
    group: str | None
    bound_by: str | None = None


# In this order: what tests need stays bound by what the portal runs with.
TARGETS = (
    Target("requirements-bootstrap.txt", "bootstrap"),
    Target("requirements.txt", None),
    Target("requirements-test.txt", "test", "requirements.txt"),
    Target("minicloud/requirements.txt", "minicloud"),
    Target("cloudinit/bundle/requirements-node.txt", "node"),
    Target("cloudinit/bundle/requirements-jobs.txt", "jobs"),
)


def arguments(target: Target, output: Path) -> list[str]:
    """uv's arguments, relative to the checkout. The test environment contains the portal's."""
    sources = ["pyproject.toml"] if target.group is None or target.bound_by else []
    group = ["--group", f"pyproject.toml:{target.group}"] if target.group else []
    bound = ["--constraints", target.bound_by] if target.bound_by else []
    return ["pip", "compile", *OPTIONS, *sources, *group, *bound, "--output-file", str(output)]


def count(text: str) -> int:
    return sum("==" in line and not line.startswith((" ", "#")) for line in text.splitlines())


def pin(paths: Paths, console: Console) -> None:
    with console.step("uv") as step:
        uv = environments.ensure(paths, "bootstrap", step.say) / "bin" / "uv"
    for target in TARGETS:
        with console.step(target.group or "portal") as step:
            text = _compile(paths, uv, target)
            present = paths.top / target.file
            changed = not present.exists() or present.read_text(encoding="utf-8") != text
            if changed:
                write_atomically(present, text)
            step.result = f"{target.file}: {count(text)} packages{'' if changed else ', unchanged'}"


def _compile(paths: Paths, uv: Path, target: Target) -> str:
    with tempfile.TemporaryDirectory(prefix="slipway-pin-") as folder:
        output = Path(folder) / "requirements.txt"
        present = paths.top / target.file
        if present.exists():
            # uv prefers the versions that its output file already names.
            shutil.copyfile(present, output)
        environment = {**os.environ, **environments.uv_variables(paths)}
        done = subprocess.run(
            [str(uv), *arguments(target, output)],
            check=False,
            cwd=paths.top,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Problem(f"{target.file} cannot be compiled", done.stderr.strip(), "correct pyproject.toml")
        return output.read_text(encoding="utf-8")
