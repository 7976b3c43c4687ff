"""Spark's and Hadoop's own programs, started on a node to join another cluster: with this cluster's secret, with none.

The same programs are started for the node's own cluster, where they must get through: so their failure means something,
and it is known how long they may take.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

MOST_SECONDS = 150
own = os.environ["SPARK_LOCAL_IP"]
here = Path.cwd()
# This program's parent is Java with Spark's submit: its command line is all that is needed.
java, *rest = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().decode().split("\0")[:-1]
at = rest.index("-cp")
flags, class_path = rest[:at], rest[at + 1]
spark_jar, spark_conf, hadoop_conf = class_path.split(":")
COUNT = "from pyspark import SparkContext\nprint('SUM', SparkContext().range(9).sum())\n"
NO_SECRET = ("spark.authenticate", "spark.network.crypto")


def spark_configuration(folder, master, secret):
    """This node's own, for another master."""
    changed = {"spark.master": f"spark://{master}:7077", "spark.driver.host": own, "spark.app.name": "stranger"}
    lines = [line.split(" ", 1) for line in Path(spark_conf, "spark-defaults.conf").read_text().splitlines() if line]
    settings = {name: value for name, value in lines if secret or not name.startswith(NO_SECRET)}
    folder.mkdir()
    text = "".join(f"{name} {value}\n" for name, value in {**settings, **changed}.items())
    (folder / "spark-defaults.conf").write_text(text)
    return folder


def submit(folder, master, secret):
    conf = spark_configuration(folder, master, secret)
    (folder / "stranger.py").write_text(COUNT)
    words = ["-cp", f"{spark_jar}:{conf}:{hadoop_conf}", "org.apache.spark.deploy.SparkSubmit", f"{folder}/stranger.py"]
    return start(folder, [java, *flags, *words], {"SPARK_CONF_DIR": str(conf)})


def worker(folder, master, secret):
    conf = spark_configuration(folder, master, secret)
    words = ["-cp", spark_jar, "org.apache.spark.deploy.worker.Worker", "--host", own, "--port", "0"]
    words += ["--webui-port", "0", "--cores", "1", "--memory", "512m", "--work-dir", str(folder)]
    words += ["--properties-file", str(conf / "spark-defaults.conf"), f"spark://{master}:7077"]
    return start(folder, [java, *flags, *words], {})


def datanode(folder, master, secret):
    folder.mkdir()
    changed = {
        "fs.defaultFS": f"hdfs://{master}:8020",
        "dfs.namenode.rpc-address": f"{master}:8020",
        "dfs.datanode.data.dir": str(folder / "data"),
        "dfs.datanode.plugins": "",
    }
    for source in Path(hadoop_conf).iterdir():
        text = source.read_text()
        if source.suffix == ".xml":
            tree = ElementTree.fromstring(text)  # noqa: S314 - the node's own
            for entry in tree:
                entry[1].text = changed.get(entry[0].text, entry[1].text)
            text = ElementTree.tostring(tree, encoding="unicode")
        (folder / source.name).write_text(text)
    jar = Path(spark_jar).with_name("hadoop-path.jar")
    words = ["-cp", f"{jar}:{folder}", "org.apache.hadoop.hdfs.server.datanode.DataNode"]
    return start(folder, [java, *flags, *words], {})


def start(folder, command, environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYSPARK_GATEWAY")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**clean, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return process, folder / "log"


def said(log):
    return log.read_text(errors="replace")


def ended(name, process, log):
    return process.poll() is not None or WELL[name.partition(" ")[0]] in said(log)


WELL = {"submit": "SUM 36", "worker": "Successfully registered with master", "datanode": "successfully registered"}


def run(theirs):
    began = time.monotonic()
    started = {
        "submit to its own": submit(here / "own-submit", own, True),
        "worker of its own": worker(here / "own-worker", own, True),
        "submit without a secret": submit(here / "submit-none", theirs, False),
        "submit with another secret": submit(here / "submit-other", theirs, True),
        "worker without a secret": worker(here / "worker-none", theirs, False),
        "worker with another secret": worker(here / "worker-other", theirs, True),
        "datanode": datanode(here / "datanode", theirs, True),
    }
    end = began + MOST_SECONDS
    controls = ("submit to its own", "worker of its own")
    while time.monotonic() < end:
        # As long again as our own cluster took, and all of it where they end by themselves.
        if end == began + MOST_SECONDS and all(ended(name, *started[name]) for name in controls):
            end = min(end, time.monotonic() + (time.monotonic() - began) + 5)
        if all(process.poll() is not None for name, (process, _) in started.items() if name not in controls):
            break
        time.sleep(0.5)
    found = {}
    for name, (process, log) in started.items():
        found[name] = [WELL[name.partition(" ")[0]] in said(log), said(log)[-20_000:]]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return {"found": found, "seconds": round(time.monotonic() - began, 1)}


print(f"\nTOLD {json.dumps(run(json.loads(sys.argv[1])['master']))}")
