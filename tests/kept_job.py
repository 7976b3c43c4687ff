"""A job of the scenario: write rows into HDFS and a word into the folder, or tell what is there, block by block.

`kept_job.py write|read FOLDER`: the answer is the last line of its log. HDFS is asked in its own words.
"""

import json
import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession, functions

verb, folder = sys.argv[1:]
session = SparkSession.builder.getOrCreate()
kept = os.environ["SLIPWAY_JOB_DIR"].partition("/jobs/")[0] + "/kept"
word = Path(folder) / "word.txt"

if verb == "write":
    session.range(200_000).withColumn("square", functions.col("id") * functions.col("id")).write.parquet(kept)
    word.write_text("written on the master\n")

java = session._jvm
system = java.org.apache.hadoop.fs.FileSystem.get(java.java.net.URI.create(kept), session._jsc.hadoopConfiguration())
files = system.listFiles(java.org.apache.hadoop.fs.Path(kept), True)
copies = []
while files.hasNext():
    copies += [len(block.getHosts()) for block in files.next().getBlockLocations()]
seen = session.sparkContext.parallelize(range(8), 8).map(lambda _: word.read_text()).distinct().collect()
answer = {
    "rows": session.read.parquet(kept).count(),
    "sum": session.read.parquet(kept).agg(functions.sum("square")).first()[0],
    "blocks": len(copies),
    "fewest copies": min(copies),
    "seen by executors": seen,
}
print(json.dumps(answer))
session.stop()
