"""The image of an empty HDFS namespace, which each new cluster's own is copied from."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.sax.saxutils import escape

from .tools import Tools, run

_CONFIGURATION = """\
<configuration>
  <property><name>fs.defaultFS</name><value>hdfs://localhost:8020</value></property>
  <property><name>dfs.namenode.name.dir</name><value>{storage}</value></property>
</configuration>
"""


def format_namespace(destination: Path, java: Path, tools: Tools) -> None:
    """HDFS's own formatting, with everything at its defaults; `java` is the part of that name."""
    scratch = destination / "scratch"
    scratch.mkdir()
    (scratch / "hdfs-site.xml").write_text(_CONFIGURATION.format(storage=escape(str(scratch / "name"))))
    class_path = f"{java / 'hadoop-path.jar'}:{scratch}"
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Djava.io.tmpdir={scratch}"]
    main = ["org.apache.hadoop.hdfs.server.namenode.NameNode", "-format", "-force", "-nonInteractive"]
    run([tools.java, *quick, "-cp", class_path, *main], {"HADOOP_USER_NAME": "slipway"})
    for file in sorted((scratch / "name" / "current").iterdir()):
        file.replace(destination / file.name)
    shutil.rmtree(scratch)
