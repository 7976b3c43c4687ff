"""Archives of class data: the classes that the daemons load, as Java has them in memory; a start then maps a file.

An archive belongs to the exact jars, the build of Java and their paths: where one of them is another, Java starts
without it. So it is made on the machine that uses it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tools import BuildError, Tools, run
from .trial import class_lists

# Jobs have one of their own: a file of all their classes would slow Spark's daemons.
JARS = {"hadoop": "hadoop-path.jar", "spark": "spark-path.jar", "jobs": "spark-path.jar"}
DUMP_HEAP = "512m"


def archives_key(tools: Tools) -> str:
    """Which Java it is: its build, its place, its own classes."""
    found = re.search(r"java\.home = (.+)", run([tools.java, "-XshowSettings:properties", "-version"]))
    home = Path(found[1] if found else tools.java)
    modules = home / "lib" / "modules"
    state = modules.stat() if modules.exists() else None
    mark = f"{state.st_size} {state.st_mtime_ns}" if state else ""
    return f"{run([tools.java, '-Xinternalversion'])} {home} {mark}"


def make_archives(destination: Path, places: Mapping[str, Path], tools: Tools) -> None:
    """An archive for each of JARS, by the classes that a cluster of two nodes loads when it starts and runs a job."""
    with tempfile.TemporaryDirectory(dir=destination, prefix=".trial-") as name:
        scratch = Path(name)
        lists = class_lists(places, scratch, tools)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            dumps = [
                pool.submit(_dump, lists[archive], places["java"] / jar, scratch / f"{archive}.jsa", tools)
                for archive, jar in JARS.items()
            ]
        for dump in dumps:
            whole = dump.result()
            whole.replace(destination / whole.name)


def _dump(class_list: Path, jar: Path, archive: Path, tools: Tools) -> Path:
    options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Xms{DUMP_HEAP}", f"-Xmx{DUMP_HEAP}"]
    lists = [f"-XX:SharedClassListFile={class_list}", f"-XX:SharedArchiveFile={archive}"]
    said = run([tools.java, *options, "-Xshare:dump", *lists, "-cp", str(jar)])
    if not archive.exists():
        raise BuildError(f"this Java makes no archive of class data: {said[-300:]}")
    archive.chmod(0o644)
    return archive
