"""Settings that people cannot set for their cluster: by these it is closed to others, found by its own, and measured.

Patterns in lower case; names are compared in lower case too. A job's own code may set for itself what it likes.
"""

from __future__ import annotations

# Nothing secret may stand in a request, a template or a page.
_SECRETS = (
    *("*secret*", "*password*", "*passphrase*", "*credential*", "*token*", "*.key", "*.key.*"),
    *("*keytab*", "*principal*", "*keystore*", "*truststore*", "*kerberos*"),
)
_ADDRESSES = ("*.port", "*.host", "*.host.*", "*.hosts", "*.hosts.*", "*hostname*", "*address*", "*bind-host*")

_HADOOP = (
    *_SECRETS,
    *_ADDRESSES,
    # Who may ask, and as whom.
    *("*acl", "*acls*", "*administrators", "*superuser*", "*permissions.enabled", "dfs.permissions*"),
    *("hadoop.security.*", "hadoop.http.*", "hadoop.proxyuser.*", "hadoop.rpc.*", "hadoop.ssl.*", "hadoop.user.*"),
    *("security.*", "slipway.*", "dfs.block.access.*", "dfs.namenode.datanode.registration.*"),
    # What is listened in on, or handed out over HTTP.
    *("dfs.encrypt*", "dfs.data.transfer.*", "dfs.trustedchannel.*", "ssl.*"),
    *("dfs.web*", "dfs.http*", "dfs.datanode.httpserver.*", "*.filter.*", "*.filters", "*.initializers"),
    # Where the cluster is, and its nodes.
    *("fs.defaultfs", "fs.default.name", "fs.hdfs.*", "fs.abstractfilesystem.hdfs.*", "*dns*", "*interface*"),
    *("*nameservice*", "*nameserver*", "dfs.namenodes.*", "dfs.ha.*", "ha.*", "dfs.federation.*", "*topology*"),
    # How soon a datanode counts as silent: the cluster's health is told by it.
    *("dfs.heartbeat.*", "dfs.namenode.heartbeat.*", "dfs.namenode.stale.*"),
    # Who is a member; how one leaves.
    *("dfs.hosts*", "dfs.namenode.decommission.*", "dfs.namenode.maintenance.*"),
    # Where data lies; what runs in the daemons.
    *("*.dir", "*.dir.*", "*.dirs", "dfs.domain.*", "*.plugins", "dfs.*.class", "dfs.*.impl", "dfs.*.loggers"),
)

_SPARK = (
    *_SECRETS,
    *_ADDRESSES,
    *(f"spark.hadoop.{pattern}" for pattern in _HADOOP),
    # Who may ask, who may listen, and what is kept off the pages.
    *("spark.authenticate*", "spark.network.crypto.*", "spark.network.sasl.*", "spark.ssl.*", "spark.security.*"),
    *("*acls*", "spark.user.groups.*", "spark.redaction.*", "spark.sql.redaction.*", "*.filters", "*.param.*"),
    *("spark.ui.killenabled", "spark.ui.allowframingfrom", "spark.ui.contentsecuritypolicy.*", "spark.ui.custom.*"),
    *("spark.ui.strict*", "spark.ui.x*", "spark.ui.proxy*", "spark.ui.reverseproxy*", "spark.ui.requireproxy"),
    # The daemons', and what opens another way in.
    *("spark.master", "spark.master.*", "spark.worker.*", "spark.deploy.recovery*", "spark.deploy.zookeeper.*"),
    *("spark.remote", "spark.api.mode", "spark.connect.*", "spark.shuffle.service.*", "spark.submit.*"),
    # How a node leaves.
    *("spark.decommission.*", "spark.storage.decommission.*", "spark.executor.decommission.*"),
    # The nodes' own software and folders. Options of Java's can undo all of the above, and stop Java from starting.
    *("*javaoptions", "*extraclasspath", "*extralibrarypath", "*userclasspathfirst", "spark.home", "spark.local.dir"),
    *("spark.pyspark.python", "spark.pyspark.driver.python", "*discoveryscript", "spark.resources.*"),
    *(f"spark.executorenv.{name}" for name in ("pythonpath", "spark_*", "slipway_*", "hadoop_*", "*java*", "ld_*")),
)

PROTECTED_SETTINGS = {"spark": _SPARK, "hadoop": _HADOOP}
