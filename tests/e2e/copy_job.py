"""A job for the tests: copies its input to its output, and tells what it was given."""

import json
import os
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
jvm = spark.sparkContext._jvm
folder = os.environ["SLIPWAY_JOB_DIR"]


def path(name: str):
    return jvm.org.apache.hadoop.fs.Path(folder, name)


hdfs = path("input").getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
configuration = spark.sparkContext._jsc.hadoopConfiguration()
for status in hdfs.listStatus(path("input")):
    target = jvm.org.apache.hadoop.fs.Path(path("output/copies"), status.getPath().getName())
    jvm.org.apache.hadoop.fs.FileUtil.copy(hdfs, status.getPath(), hdfs, target, False, configuration)
told = json.dumps({"arguments": sys.argv[1:], "directory": folder})
out = hdfs.create(path("output/seen.json"), True)
out.write(bytearray(told.encode()))
out.close()
