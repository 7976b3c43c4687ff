"""Lay out the bundle: `python -m cloudinit.bundle.build --cache DIR [--python INTERPRETER] [--uv UV]`.

    DIR/bundle/<version>/     VERSION bin/ slipway-node.pyz, and links to the parts
    DIR/parts/<name>-<hash>/  hadoop, spark, node-python, job-python, java, namespace, archives: shared by all
                              versions that use them
    DIR/downloads/

Run again it does nothing; interrupted, it goes on from the last complete part.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import tempfile
import time
import zipapp
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import PACKAGES, source_files, version
from .parts import MARKER, Part, all_parts, ensure
from .tools import BuildError, find, run

ENDS = (signal.SIGTERM, signal.SIGHUP)

_MAIN = """\
import sys
from pathlib import Path

from frameworks import manifest
from frameworks.node import half
from slipway_node.main import main

sys.exit(main(sys.argv[1:], Path(sys.argv[0]).resolve().parent, manifest, half))
"""

# -I: nothing of a job's or a person's Python environment reaches the node program. -S: it needs no packages.
_COMMAND = """\
#!/bin/sh
bundle=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$bundle/node-python/bin/python" -I -S "$bundle/slipway-node.pyz" "$@"
"""


def build(cache: Path, python: Path, uv: str) -> Path:
    """Make what is missing; the folder of the bundle. BuildError says what stands in the way."""
    os.umask(0o022)  # nodes run under users of their own, and read all of it
    cache = cache.resolve()
    bundle = cache / "bundle" / version()
    with _lock(cache):
        tools = find(python, uv)
        began = time.monotonic()
        parts = all_parts(cache, tools)
        made = [_make(part, cache / "parts" / part.directory_name) for part in parts]
        if any(made) or not _is_current(bundle, parts):
            _lay_out(bundle, parts, cache)
            _say(f"bundle {bundle.name} is ready, {time.monotonic() - began:.1f} s")
    return bundle


def _make(part: Part, directory: Path) -> bool:
    if not (directory / MARKER).exists():
        _say(f"{part.name}: {part.title} ...")
    began = time.monotonic()
    try:
        made = ensure(part, directory)
    except BuildError as error:
        if not part.optional:
            raise
        shutil.rmtree(directory)
        _say(f"{part.name}: left out, everything works without, only slower: {' '.join(str(error).split())}")
        return False
    if made:
        _say(f"{part.name}: {_megabytes(directory)} MB in {time.monotonic() - began:.1f} s")
    return made


def _is_current(bundle: Path, parts: list[Part]) -> bool:
    return (bundle / "VERSION").exists() and all(
        (bundle / part.name).resolve().name == part.directory_name for part in parts
    )


def _lay_out(bundle: Path, parts: list[Part], cache: Path) -> None:
    bundle.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.parent, prefix=".partial-") as name:
        scratch = Path(name)
        fresh = scratch / "bundle"
        (fresh / "bin").mkdir(parents=True)
        places = {part.name: cache / "parts" / part.directory_name for part in parts}
        for name, place in places.items():
            (fresh / name).symlink_to(Path("..", "..", "parts", place.name))
        python = places["node-python"] / "bin" / "python"
        _node_program(fresh / "slipway-node.pyz", scratch / "program", python)
        command = fresh / "bin" / "slipway-node"
        command.write_text(_COMMAND)
        command.chmod(0o755)
        (fresh / "VERSION").write_text(bundle.name + "\n")
        if bundle.exists():
            bundle.replace(scratch / "old")
        fresh.replace(bundle)


def _node_program(target: Path, scratch: Path, python: Path) -> None:
    """The program with its byte code: compiling it would be most of what a node's boot costs."""
    for package in PACKAGES:
        for file in source_files(package):
            copy = scratch / package.name / file.relative_to(package)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    (scratch / "__main__.py").write_text(_MAIN)
    # Another Python than that of the nodes finds the sources beside it.
    unchecked = ["--invalidation-mode", "unchecked-hash"]
    run([str(python), "-I", "-m", "compileall", "-q", "-b", *unchecked, "-s", str(scratch), str(scratch)])
    zipapp.create_archive(scratch, target)


@contextmanager
def _lock(cache: Path) -> Iterator[None]:
    """One build at a time: homes share the cache folder."""
    try:
        (cache / "downloads").mkdir(parents=True, exist_ok=True)
        (cache / "parts").mkdir(exist_ok=True)
        lock = (cache / "bundle.lock").open("w")
    except OSError as error:
        raise BuildError(f"the cache folder {cache} cannot be written ({error.strerror}): give another") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another build is under way; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        # What we run holds it too: should we be killed, nobody takes away a folder that a program still fills.
        os.set_inheritable(lock.fileno(), True)
        yield


def _megabytes(directory: Path) -> int:
    return sum(file.lstat().st_size for file in directory.rglob("*") if not file.is_symlink()) // 1_000_000


def _say(line: str) -> None:
    print(line, flush=True)


def _end(number: int, _: object) -> None:
    for later in ENDS:
        signal.signal(later, signal.SIG_IGN)  # nothing may cut short what is being ended
    sys.exit(128 + number)


def _end_in_order() -> None:
    """Told to end, end what we have started first: it runs in sessions of its own, where nobody would find it."""
    for number in ENDS:
        if signal.getsignal(number) is signal.SIG_DFL:  # not so below nohup
            signal.signal(number, _end)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="cloudinit.bundle.build", description="Lay out the software of a node.")
    parser.add_argument("--cache", type=Path, required=True, help="the cache folder")
    parser.add_argument("--python", type=Path, default=Path("/usr/bin/python3"), help="for the nodes' environments")
    parser.add_argument("--uv", default="uv", help="the uv program (default: from the PATH)")
    chosen = parser.parse_args(arguments)
    _end_in_order()
    try:
        print(build(chosen.cache, chosen.python, chosen.uv))
    except (BuildError, OSError) as error:
        print(f"The bundle could not be built: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
