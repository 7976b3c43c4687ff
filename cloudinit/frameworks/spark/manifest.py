"""Spark with HDFS, as data."""

from __future__ import annotations

from ..manifest import Manifest, Page, Port, Role, Step
from .protected import PROTECTED_SETTINGS

MANIFEST = Manifest(
    name="spark",
    title="Spark with HDFS",
    description="Apache Spark for the computing, HDFS for the data; jobs in Python or Java.",
    roles=(
        Role(
            name="master",
            title="Master",
            steps=("facts", "hosts", "mounts", "configuration", "packages", "format", "services", "prove", "signal"),
            services=("namenode", "master", "agent"),
            count=1,
        ),
        Role(
            name="worker",
            title="Worker",
            steps=("facts", "hosts", "mounts", "configuration", "packages", "services", "prove", "signal"),
            services=("datanode", "worker", "agent"),
            count=None,
        ),
    ),
    steps=(
        Step("facts", "Reading what the node is to be"),
        Step("hosts", "Writing the names of all nodes"),
        Step("mounts", "Mounting disks and folders"),
        Step("configuration", "Writing the configuration"),
        Step("packages", "Installing Python packages"),
        Step("format", "Preparing the file system"),
        Step("services", "Starting the services"),
        Step("prove", "Checking that the node has joined the cluster"),
        Step("signal", "Reporting that the node is ready"),
    ),
    ports=(
        Port("namenode", 8020, "master"),
        Port("namenode-http", 9870, "master"),
        Port("master", 7077, "master"),
        Port("master-http", 8080, "master"),
        Port("datanode", 9866, "worker"),
        Port("datanode-ipc", 9867, "worker"),
        Port("datanode-http", 9864, "worker"),
        Port("worker", 7078, "worker"),
        Port("worker-http", 8081, "worker"),
    ),
    pages=(
        Page("spark", "Spark: workers and applications", "master", 8080, "/", for_visitors=True),
        # The namenode's own filter answers the nodes and the gateway, by their addresses, and all others with 403.
        Page("hdfs", "HDFS: datanodes and files", "master", 9870, "/dfshealth.html", for_visitors=False),
    ),
    minimum_workers=1,
    maximum_workers=160,
    default_workers=2,
    job_suffixes=(".py", ".jar"),
    protected_settings=PROTECTED_SETTINGS,
    copies=2,
    copies_setting=("hadoop", "dfs.replication"),
)
