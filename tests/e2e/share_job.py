"""Reads what is in a folder through Spark, or writes it first: the folder is a local path on every machine."""

import sys

from pyspark.sql import SparkSession

folder, wanted = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
if wanted == "write":
    spark.range(1000).write.csv(f"file://{folder}/numbers")
print("rows:", spark.read.csv(f"file://{folder}/numbers").count())
try:
    with open(f"{folder}/note", "w") as file:
        file.write("mine")
    print("a note was written")
except OSError as error:
    print(error)
spark.stop()
