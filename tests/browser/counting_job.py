"""A job for the tests: says at once that it has begun, has Spark count the rows of its input, and writes the count."""

import os
import sys

print("begun", flush=True)

from pyspark.sql import SparkSession  # noqa: E402

folder, name = os.environ["SLIPWAY_JOB_DIR"], sys.argv[1]
spark = SparkSession.builder.getOrCreate()
count = spark.read.csv(f"{folder}/input/{name}", header=True).count()
print(f"{count} rows in {name}")
path = spark.sparkContext._jvm.org.apache.hadoop.fs.Path(folder, "output/count.txt")
out = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).create(path, True)
out.write(bytearray(str(count).encode()))
out.close()
