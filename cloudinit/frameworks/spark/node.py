"""What runs on a node of Spark with HDFS. Everything here decides; the node program acts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from ..node import ConfigurationFile, Program, Report, Service, Services
from .manifest import MANIFEST
from .membership import (
    MASTER_PORT,
    NAMENODE_PORT,
    missing_of_master,
    missing_of_worker,
    refusal,
    report_of_cluster,
    unsettled_master,
    unsettled_worker,
)
from .namespace import identity, plant
from .sizes import Sizes, sizes

if TYPE_CHECKING:
    from cloudinit.slipway_node.node import Node

SPARK_VERSION = "4.3.0"
HADOOP_VERSION = "3.5.0"
# One name for all: the machine's users differ from node to node, HDFS's owner must not.
USER = "slipway"
SPARK_MASTER_PORT = 7077
START_SECONDS = 300
COMMON = ("-Djava.net.preferIPv4Stack=true", "-XX:-UsePerfData")
# What Spark's own launcher opens for it on Java 17. The daemons start without the launcher: that saves a process and
# half a second each, and the supervisor sees the daemon itself.
OPENED = (
    *("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util"),
    *("java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref", "sun.nio.ch", "sun.nio.cs"),
    *("sun.security.action", "sun.util.calendar"),
)
# All that the launcher says of modules: a job may come to the corners that the daemons do not use.
MODULES = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "--add-modules=jdk.incubator.vector",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED),
    "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.allocator.type=pooled",
    "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    "-Djdk.reflect.useDirectMethodHandle=false",
    "-Dderby.connection.requireAuthentication=false",
)


def directories(node: Node) -> list[Path]:
    storage = _storage(node, "name")[:1] if _is_master(node) else _storage(node, "data")
    return [*storage, *(_data(node) / name for name in ("tmp", "spark", "work"))]


def configuration(node: Node) -> list[ConfigurationFile]:
    values = _values(node)
    hadoop, spark = _hadoop_conf(node), _spark_conf(node)
    files = [
        *(_hadoop_file(node, name, values) for name in ("hdfs-site", "hadoop-policy")),
        ConfigurationFile(hadoop / "log4j.properties", _template("log4j.properties")),
        ConfigurationFile(hadoop / "hadoop-metrics2.properties", _template("hadoop-metrics2.properties")),
        # The cluster's secret: for the node's own user only.
        ConfigurationFile(spark / "spark-defaults.conf", _lines(_spark_settings(node, values)), 0o600),
        ConfigurationFile(spark / "log4j2.properties", _template("log4j2.properties")),
        ConfigurationFile(spark / "spark-env.sh", _shell(_spark_environment(node))),
    ]
    if node.gpus:
        files.append(ConfigurationFile(_gpu_script(node), _template("gpus.sh"), 0o755))
    if _is_master(node):
        workers = {name: address for name, address in node.hosts.items() if name != node.master}
        leaving = [address for name, address in workers.items() if name in node.leaving]
        files.append(ConfigurationFile(hadoop / "datanodes.include", _a_line_each(workers.values())))
        files.append(ConfigurationFile(hadoop / "datanodes.exclude", _a_line_each(leaving)))
    # The last one, as slipway.HostWatch wants it: who is named here finds the other lists ready.
    return [*files, _hadoop_file(node, "core-site", values)]


def prepare_storage(node: Node) -> None:
    if _is_master(node):
        plant(node.bundle / "namespace", _storage(node, "name")[0], identity(node))


def services(node: Node) -> list[Service]:
    heaps = sizes(node.memory_mb)
    properties = ("--properties-file", str(_spark_conf(node) / "spark-defaults.conf"))
    here = ("--host", node.host(node.name))
    if _is_master(node):
        master = ("--port", str(SPARK_MASTER_PORT), "--webui-port", "8080")
        return [
            Service("namenode", _hadoop(node, "namenode.NameNode", heaps.namenode)),
            Service("master", _spark(node, "master.Master", heaps.master, *here, *master, *properties)),
            _agent(node),
        ]
    offer = (
        "--cores",
        str(node.vcpus),
        "--memory",
        f"{heaps.offered}m",
        "--work-dir",
        str(_data(node) / "work"),
    )
    worker = (*here, "--port", "7078", "--webui-port", "8081", *offer, *properties, _master_url(node))
    return [
        Service("datanode", _hadoop(node, "datanode.DataNode", heaps.datanode)),
        Service("worker", _for_executors(node, _spark(node, "worker.Worker", heaps.worker, *worker))),
        _agent(node),
    ]


def _agent(node: Node) -> Service:
    return Service("agent", Program((str(node.bundle / "bin" / "slipway-node"), "agent"), {}))


def missing(node: Node) -> str:
    return missing_of_master(node, USER) if _is_master(node) else missing_of_worker(node)


def unsettled(node: Node, services: Services) -> str:
    return unsettled_master(node) if _is_master(node) else unsettled_worker(node, services)


def report(node: Node) -> Report:
    return report_of_cluster(node)


def hopeless(node: Node, log: Callable[[str], str]) -> str:
    return "" if _is_master(node) else refusal(log("worker"))


def versions() -> dict[str, str]:
    return {"spark": SPARK_VERSION, "hadoop": HADOOP_VERSION}


def job_directory_uri(node: Node, job_id: str) -> str:
    return f"hdfs://{node.host(node.master)}:8020/jobs/{job_id}"


def job_command(
    node: Node, application: Path, arguments: list[str], job_directory_uri: str
) -> tuple[list[str], dict[str, str]]:
    heaps = sizes(node.memory_mb)
    class_path = f"{_jar(node, 'spark-path')}:{_spark_conf(node)}:{_hadoop_conf(node)}"
    # What spark-submit makes of it: without its two shells and its Java, and on the archive, seconds are saved.
    wanted = node.settings.get("spark", {}).get("spark.driver.memory", "")
    heap = f"-Xmx{java_size(wanted) or f'{heaps.driver}m'}"
    flags = (*_compiler(heaps), *COMMON, heap, *_names(node), _temporary(node))
    java = (str(node.java), *flags, *_archive(node, "jobs"), *MODULES, "-cp", class_path)
    environment = {
        **_spark_environment(node),
        "SPARK_CONF_DIR": str(_spark_conf(node)),
        "SLIPWAY_JOB_DIR": job_directory_uri,
        "HOME": str(_data(node) / "work"),
        "PYTHONHASHSEED": "0",  # one for all processes of a job: texts are spread over them by their hashes
        "PYTHONUNBUFFERED": "1",  # what a job prints is seen when it prints it
    }
    return [*java, "org.apache.spark.deploy.SparkSubmit", str(application), *arguments], environment


def job_folder_command(node: Node, *arguments: str) -> tuple[list[str], dict[str, str]]:
    heap = sizes(node.memory_mb).datanode
    main = ("slipway.JobFolder", *arguments)
    program = _java(node, _hadoop_class_path(node), heap, _archive(node, "hadoop"), main)
    return list(program.command), dict(program.environment)


def _is_master(node: Node) -> bool:
    return node.name == node.master


def _data(node: Node) -> Path:
    return node.path("/var/lib/slipway")


def _storage(node: Node, name: str) -> list[Path]:
    """The folders `name` of HDFS, one for each of its disks."""
    return [folder / name for folder in node.storage_folders]


def _gpu_script(node: Node) -> Path:
    return _spark_conf(node) / "gpus.sh"


def _hadoop_conf(node: Node) -> Path:
    return node.path("/etc/slipway/hadoop")


def _spark_conf(node: Node) -> Path:
    return node.path("/etc/slipway/spark")


def _spark_home(node: Node) -> Path:
    return node.bundle / "spark" / "deps"


def _master_url(node: Node) -> str:
    return f"spark://{node.host(node.master)}:{SPARK_MASTER_PORT}"


def _values(node: Node) -> dict[str, str]:
    heaps = sizes(node.memory_mb)
    return {
        "master_host": node.host(node.master),
        "master_address": node.master_address,
        "host": node.host(node.name),
        "address": node.address,
        "data": str(_data(node)),
        "names": str(_storage(node, "name")[0]),
        "blocks": ",".join(map(str, _storage(node, "data"))),
        "hadoop_conf": str(_hadoop_conf(node)),
        "friends": ",".join([*node.hosts.values(), node.gateway]),
        "replication": str(max(1, min(MANIFEST.copies, node.workers))),
        "user": USER,
        "secret": node.secret,
        "driver_mb": str(heaps.driver),
        "executor_mb": str(heaps.executor),
        "spark_path": str(_jar(node, "spark-path")),
        "driver_options": _quoted((*_compiler(heaps), *COMMON, *_names(node), _temporary(node))),
        "executor_options": _quoted((*_compiler(heaps), *COMMON)),
        "job_python": str(node.bundle / "job-python" / "bin" / "python"),
    }


def _python_path(node: Node) -> str:
    spark = node.bundle / "spark"
    libraries = sorted((spark / "lib").glob("py4j-*-src.zip"))
    # Last: none of them stands in for Spark's own.
    return ":".join(str(place) for place in (spark, *libraries, node.packages_folder) if place)


def _spark_environment(node: Node) -> dict[str, str]:
    return {
        "SPARK_HOME": str(_spark_home(node)),
        # Else each executor looks for a build folder to tell Spark's Scala by, and fails.
        "SPARK_SCALA_VERSION": "2.13",
        "SPARK_LOCAL_IP": node.address,
        "SPARK_LOCAL_HOSTNAME": node.host(node.name),
        "SPARK_PUBLIC_DNS": node.host(node.name),
        "SPARK_USER": USER,
        "HADOOP_USER_NAME": USER,
        "HADOOP_CONF_DIR": str(_hadoop_conf(node)),
        "SLIPWAY_ADDRESS": node.address,
        "PYTHONPATH": _python_path(node),
    }


def _compiler(heaps: Sizes) -> tuple[str, ...]:
    return ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC") if heaps.small else ("-XX:+UseParallelGC",)


def _jar(node: Node, name: str) -> Path:
    """One of ours. By its real place: its names of other jars, and the archives of class data, go by that."""
    return (node.bundle / "java").resolve() / f"{name}.jar"


def _archive(node: Node, name: str) -> tuple[str, ...]:
    """Classes as Java has them in memory, where the bundle could make such a file: most of a start is saved."""
    archive = (node.bundle / "archives").resolve() / f"{name}.jsa"
    if not archive.exists():
        return ()
    # Java says on its standard output when it cannot use the file. That is the programs' own.
    return (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:disable", "-Xlog:all=warning:stderr")


def _names(node: Node) -> tuple[str, ...]:
    """How Java finds this node's address, and the names of all."""
    address = f"-Dslipway.address={node.address}"
    if not node.embedded:
        return (address,)
    # Java then knows no other name, so only where nodes share a machine whose own file is not ours to write.
    return (address, f"-Djdk.net.hosts.file={node.path('/etc/hosts')}")


def _temporary(node: Node) -> str:
    """Where Java unpacks libraries: a folder that goes with the node."""
    return f"-Djava.io.tmpdir={_data(node) / 'tmp'}"


def _quoted(options: tuple[str, ...]) -> str:
    """As Spark and Java's launcher split them: a path may have spaces."""
    return " ".join(f'"{option}"' if " " in option else option for option in options)


def _java(node: Node, class_path: str, heap: int, options: tuple[str, ...], arguments: tuple[str, ...]) -> Program:
    folders = (_temporary(node), f"-Dhadoop.log.dir={node.path('/var/log/slipway')}")
    flags = (*_compiler(sizes(node.memory_mb)), *COMMON, "-Xms16m", f"-Xmx{heap}m", *_names(node), *folders, *options)
    environment = {**_spark_environment(node), "HOME": str(_data(node) / "work")}
    return Program((str(node.java), *flags, "-cp", class_path, *arguments), environment)


def _hadoop_class_path(node: Node) -> str:
    return f"{_jar(node, 'hadoop-path')}:{_hadoop_conf(node)}"


def _hadoop(node: Node, name: str, heap: int, *arguments: str) -> Program:
    main = (f"org.apache.hadoop.hdfs.server.{name}", *arguments)
    # Only the namenode's own code can answer this, and only once it has started.
    status = f"http://{node.host(node.master)}:{NAMENODE_PORT}/webhdfs/v1/?op=GETFILESTATUS&user.name={USER}"
    gate = () if _is_master(node) else _gate(status)
    return _java(node, _hadoop_class_path(node), heap, (*_archive(node, "hadoop"), *gate), main)


def _gate(url: str) -> tuple[str, ...]:
    """What the program waits for: see slipway.Gate."""
    return f"-Dslipway.wait={url}", f"-Dslipway.wait.seconds={START_SECONDS}"


def _spark(node: Node, name: str, heap: int, *arguments: str) -> Program:
    options = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    options += ["-Djdk.reflect.useDirectMethodHandle=false", "-Dio.netty.tryReflectionSetAccessible=true"]
    main: tuple[str, ...] = (f"org.apache.spark.deploy.{name}", *arguments)
    if not _is_master(node):
        options += [*_gate(f"http://{node.host(node.master)}:{MASTER_PORT}/json/"), "-Dslipway.wait.for=ALIVE"]
        main = ("slipway.Launch", *main)
    return _java(node, str(_jar(node, "spark-path")), heap, (*_archive(node, "spark"), *options), main)


def _for_executors(node: Node, worker: Program) -> Program:
    """Executors inherit the worker's environment: this is how they learn what is this node's own."""
    # The supervisor takes quotes off both ends of a value: options that never have any stand there.
    options = _quoted((*_names(node), _temporary(node), *COMMON, *_archive(node, "jobs")))
    return Program(worker.command, {**worker.environment, "JDK_JAVA_OPTIONS": options})


def _template(name: str) -> str:
    return resources.files(__package__).joinpath("conf", name).read_text(encoding="utf-8")


def _settings(name: str, values: dict[str, str]) -> dict[str, str]:
    """Names and values of a file of conf/. Filled in line by line: no value can add a line."""
    settings = {}
    for line in _template(name).splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, value = line.partition(" ")
            settings[key] = Template(value.strip()).substitute(values)
    return settings


def _hadoop_settings(node: Node, name: str, values: dict[str, str]) -> dict[str, str]:
    settings = _settings(f"{name}.conf", values)
    if name == "hdfs-site" and sizes(node.memory_mb).small:
        settings |= _settings("hdfs-site-small.conf", values)
    wanted = node.settings.get("hadoop", {})
    return settings | {key: value for key, value in wanted.items() if _site(key) == name}


def _site(key: str) -> str:
    """Which of Hadoop's files a setting of somebody's own belongs into."""
    return "hdfs-site" if key.startswith("dfs.") else "core-site"


def _spark_settings(node: Node, values: dict[str, str]) -> dict[str, str]:
    settings = _settings("spark-defaults.conf", values)
    if node.gpus:
        settings |= _settings("gpus.conf", values | {"gpus": str(node.gpus), "gpu_script": str(_gpu_script(node))})
    return {**settings, **node.settings.get("spark", {})}


def java_size(text: str) -> str:
    """A size as Java's -Xmx takes it, of one as Spark does (mebibytes where it does not say); "" where it is none."""
    match = re.fullmatch(r"(\d+)([kmgt]?)b?", text.strip().lower())
    return f"{match[1]}{match[2] or 'm'}" if match else ""


def _hadoop_file(node: Node, name: str, values: dict[str, str]) -> ConfigurationFile:
    return ConfigurationFile(_hadoop_conf(node) / f"{name}.xml", _xml(_hadoop_settings(node, name, values)))


def _a_line_each(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def _xml(settings: dict[str, str]) -> str:
    root = ElementTree.Element("configuration")
    for name, value in settings.items():
        entry = ElementTree.SubElement(root, "property")
        ElementTree.SubElement(entry, "name").text = name
        ElementTree.SubElement(entry, "value").text = value
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _lines(settings: dict[str, str]) -> str:
    # Java reads this file as properties, in which a backslash begins an escape.
    return "".join(f"{name} {value.replace(chr(92), chr(92) * 2)}\n" for name, value in settings.items())


def _shell(environment: dict[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
