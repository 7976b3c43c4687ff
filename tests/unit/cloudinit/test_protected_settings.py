"""Which settings are people's to make, and which carry the cluster's security, addresses or software."""

from __future__ import annotations

from importlib import resources

import pytest

from cloudinit.frameworks import manifest

SPARK = manifest("spark")
FILES = {"spark": ("spark-defaults",), "hadoop": ("core-site", "hdfs-site", "hdfs-site-small", "hadoop-policy")}
# What our own files say for convenience only: there people's wishes come first.
FREE = {
    "spark.driver.memory",
    "spark.executor.memory",
    "spark.ui.showConsoleProgress",
    "dfs.replication",
    "dfs.blockreport.initialDelay",
    "dfs.client.retry.policy.enabled",
    "dfs.client.retry.policy.spec",
    "dfs.namenode.safemode.extension",
    "dfs.namenode.startup.delay.block.deletion.sec",
    "dfs.namenode.redundancy.interval.seconds",
    "ipc.client.connect.retry.interval",
    "ipc.client.connect.max.retries",
}


def settings(name: str) -> list[str]:
    text = resources.files("cloudinit.frameworks.spark").joinpath("conf", f"{name}.conf").read_text()
    return [line.split()[0] for line in text.splitlines() if line and not line.startswith("#")]


def test_all_that_our_own_files_set_is_protected_but_for_convenience() -> None:
    own = {(family, key) for family, names in FILES.items() for name in names for key in settings(name)}
    assert {key for family, key in own if not SPARK.is_protected(family, key)} == FREE


@pytest.mark.parametrize(
    "key",
    [
        "spark.hadoop.fs.defaultFS",
        "spark.hadoop.hadoop.security.authorization",
        "spark.ui.filters",
        "spark.acls.enable",
        "spark.user.groups.mapping",
        "spark.redaction.regex",
        "spark.ssl.ui.keyStorePassword",
        "spark.executor.defaultJavaOptions",
        "spark.driver.userClassPathFirst",
        "spark.blockManager.port",
        "spark.worker.resource.gpu.discoveryScript",
        "spark.executorEnv.PYTHONPATH",
        "spark.executorEnv.LD_PRELOAD",
        "spark.storage.decommission.enabled",
        "SPARK.AUTHENTICATE",
    ],
)
def test_a_setting_of_spark_that_opens_the_cluster_is_protected(key: str) -> None:
    assert SPARK.is_protected("spark", key)


@pytest.mark.parametrize(
    "key",
    [
        "fs.s3a.secret.key",
        "fs.azure.account.key.me.blob.core.windows.net",
        "hadoop.security.credential.provider.path",
        "hadoop.http.authentication.type",
        "hadoop.proxyuser.slipway.hosts",
        "security.client.protocol.hosts",
        "dfs.permissions",
        "dfs.data.dir",
        "dfs.http.address",
        "dfs.namenode.hosts.provider.classname",
        "net.topology.script.file.name",
        "dfs.namenode.plugins",
        "dfs.cluster.administrators",
        "dfs.heartbeat.interval",
        "dfs.namenode.heartbeat.recheck-interval",
        "dfs.namenode.stale.datanode.interval",
    ],
)
def test_a_setting_of_hadoop_that_opens_the_cluster_is_protected(key: str) -> None:
    assert SPARK.is_protected("hadoop", key)


@pytest.mark.parametrize(
    ("family", "key"),
    [
        ("spark", "spark.sql.shuffle.partitions"),
        ("spark", "spark.executor.cores"),
        ("spark", "spark.task.resource.gpu.amount"),
        ("spark", "spark.hadoop.fs.s3a.endpoint"),
        ("spark", "spark.jars.packages"),
        ("spark", "spark.plugins"),
        ("spark", "spark.executorEnv.OMP_NUM_THREADS"),
        ("spark", "spark.sql.session.timeZone"),
        ("hadoop", "dfs.blocksize"),
        ("hadoop", "fs.trash.interval"),
        ("hadoop", "fs.permissions.umask-mode"),
        ("hadoop", "io.file.buffer.size"),
    ],
)
def test_a_setting_that_harms_nobody_is_peoples_own(family: str, key: str) -> None:
    assert not SPARK.is_protected(family, key)


def test_of_a_family_that_the_framework_does_not_have_everything_is_protected() -> None:
    assert SPARK.is_protected("flink", "anything")
