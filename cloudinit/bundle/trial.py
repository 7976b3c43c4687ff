"""A cluster of two nodes that runs for some seconds while the bundle is made: which classes do its programs load?"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..frameworks.manifest import Manifest
from ..frameworks.node import Half, Program, half
from ..frameworks.spark.manifest import MANIFEST
from ..slipway_node.files import tail, write_file
from ..slipway_node.hosts import write_hosts
from ..slipway_node.node import Node
from ..slipway_node.ports import PortTakenError, check_ports
from .tools import BuildError, Tools

READY_SECONDS = 300.0  # on a machine that is busy with ten other things
RUN_SECONDS = 300.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.1
TRIES = 50
MEMORY_MB = 1536
# Which archive a service's classes belong into.
SERVICES = {"namenode": "hadoop", "datanode": "hadoop", "master": "spark", "worker": "spark"}
ARCHIVES = ("hadoop", "spark", "jobs")
# What people's first jobs do: tables from Python, files and back, a grouping.
JOB = """
import sys
from pyspark.sql import SparkSession

session = SparkSession.builder.getOrCreate()
folder = sys.argv[1]
rows = [(number % 7, float(number), str(number)) for number in range(100)]
table = session.createDataFrame(rows, ["key", "x", "name"])
table.write.option("header", True).csv(folder + "/csv")
table.write.parquet(folder + "/parquet")
read = session.read.csv(folder + "/csv", header=True, inferSchema=True)
read.groupBy("key").avg("x").orderBy("key").toPandas()
session.read.parquet(folder + "/parquet").join(read, "key").count()
words = session.sparkContext.parallelize(["a b", "b c"], 2).flatMap(str.split)
words.map(lambda word: (word, 1)).reduceByKey(lambda one, other: one + other).saveAsTextFile(folder + "/text")
session.read.text(folder + "/text").show()
session.stop()
"""


def class_lists(places: Mapping[str, Path], scratch: Path, tools: Tools) -> dict[str, Path]:
    """The merged list of classes for each archive. BuildError where the cluster does not come up."""
    bundle = scratch / "bundle"
    bundle.mkdir()
    for name, place in places.items():
        (bundle / name).symlink_to(place)
    trial = Trial(_nodes(bundle, scratch, Path(tools.java)), half(MANIFEST.name), scratch)
    with trial.running():
        trial.wait()
        trial.move_files()
        trial.run_job()
    return {archive: trial.merge(archive) for archive in ARCHIVES}


class Trial:
    """The cluster; every program of it writes down the classes that it loads."""

    def __init__(self, nodes: list[Node], framework: Half, scratch: Path) -> None:
        self._nodes = nodes
        self._half = framework
        self._scratch = scratch
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start all; in the end stop all, which completes the lists."""
        try:
            for node in self._nodes:
                self._start(node)
            yield
        finally:
            self._stop()

    def wait(self) -> None:
        """Until every node is a member of the cluster."""
        end = time.monotonic() + READY_SECONDS
        while missing := next((gap for node in self._nodes if (gap := self._half.missing(node))), ""):
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise BuildError(f"{name} ended with {process.returncode}: {tail(self._log(name), 600)}")
            if time.monotonic() > end:
                raise BuildError(f"the cluster for the class lists is not complete: {missing}")
            time.sleep(POLL_SECONDS)

    def move_files(self) -> None:
        """Every job starts this tool, too."""
        node = self._nodes[0]
        folder = self._scratch / "input"
        folder.mkdir()
        (folder / "file").write_text("some data\n")
        uri = self._half.job_directory_uri(node, "trial")
        for verb, *arguments in (("put", str(folder), uri), ("get", uri, str(self._scratch / "output"), "1000")):
            command, environment = self._half.job_folder_command(node, verb, *arguments)
            self._run(node, f"hadoop-{verb}", command, environment)

    def run_job(self) -> None:
        """On the driver's side and on the executor's."""
        node = self._nodes[0]
        application = self._scratch / "job.py"
        application.write_text(JOB)
        uri = self._half.job_directory_uri(node, "trial-job")
        command, environment = self._half.job_command(node, application, [uri], uri)
        self._run(node, "jobs-driver", command, environment)

    def merge(self, archive: str) -> Path:
        """One list of all that the programs for this archive have loaded; what lambdas made comes last."""
        lines = {line for file in self._scratch.glob(f"{archive}-*.classes") for line in file.read_text().splitlines()}
        merged = self._scratch / f"{archive}.classes"
        merged.write_text("".join(f"{line}\n" for line in sorted(lines, key=lambda line: ("@" in line, line))))
        return merged

    def _start(self, node: Node) -> None:
        write_hosts(node)
        for directory in (*self._half.directories(node), node.path("/var/log/slipway")):
            directory.mkdir(parents=True, exist_ok=True)
        for file in self._half.configuration(node):
            write_file(file.path, file.text, file.mode)
        self._half.prepare_storage(node)
        for service in self._half.services(node):
            if service.name in SERVICES:
                name = f"{SERVICES[service.name]}-{service.name}"
                self._running[name] = self._popen(node, name, service.program)

    def _run(self, node: Node, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        self._running[name] = self._popen(node, name, Program(tuple(command), environment))
        try:
            code = self._running[name].wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            raise BuildError(f"{name} has not ended after {RUN_SECONDS:.0f} s") from None
        if code != 0:
            raise BuildError(f"{name} ended with {code}: {tail(self._log(name), 600)}")
        del self._running[name]

    def _popen(self, node: Node, name: str, program: Program) -> subprocess.Popen[bytes]:
        java, *words = program.command
        noting = self._noting(name)
        executors = {}
        if options := program.environment.get("JDK_JAVA_OPTIONS"):
            executors = {"JDK_JAVA_OPTIONS": f'{options} "{self._noting("jobs-executor")}"'}
        with self._log(name).open("wb") as log:
            return subprocess.Popen(
                # Should the build be killed, they end with it.
                ["setpriv", "--pdeathsig", "KILL", java, noting, *words],
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **program.environment, **executors},
                cwd=node.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _noting(self, name: str) -> str:
        return f"-XX:DumpLoadedClassList={self._scratch / f'{name}.classes'}"

    def _stop(self) -> None:
        for process in self._running.values():
            _signal(process, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()

    def _log(self, name: str) -> Path:
        return self._scratch / f"{name}.log"


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To all that the program has started, too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _nodes(bundle: Path, scratch: Path, java: Path) -> list[Node]:
    names = MANIFEST.nodes(1)
    prefix = _free_prefix(MANIFEST, len(names))
    hosts = {node.name: f"{prefix}.{10 + number}" for number, node in enumerate(names)}
    secret = uuid.uuid4().hex
    return [
        Node(
            root=scratch / node.name,
            embedded=True,
            bundle=bundle,
            run=scratch / node.name / "run",
            cluster_id="trial",
            domain="trial.slipway.internal",
            secret=secret,
            name=node.name,
            role=node.role,
            master=MANIFEST.master.name,
            hosts=hosts,
            gateway=f"{prefix}.2",
            memory_mb=MEMORY_MB,
            vcpus=1,
            java=java,
        )
        for node in names
    ]


def _free_prefix(manifest: Manifest, count: int) -> str:
    """Addresses of this machine alone, on which nobody holds one of our ports."""
    for _ in range(TRIES):
        prefix = f"127.{random.randint(121, 126)}.{random.randint(1, 250)}"  # noqa: S311 - no secret
        with contextlib.suppress(PortTakenError):
            for node in range(count):
                check_ports(f"{prefix}.{10 + node}", (port.number for port in manifest.ports))
            return prefix
    raise BuildError(
        "on no address below 127.0.0.0/8 all ports of a node are free: does a server hold them on 0.0.0.0?"
    )
