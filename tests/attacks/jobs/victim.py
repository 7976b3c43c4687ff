"""What is attacked: words in HDFS and in the scratch folder, and a program that works on until it is cancelled."""

import json
import os
import sys
import time

from pyspark.sql import SparkSession

asked = json.loads(sys.argv[1])
words, path = asked["words"], os.environ["SLIPWAY_JOB_DIR"] + "/words.txt"
spark = SparkSession.builder.appName("victim").getOrCreate()
context = spark.sparkContext
hadoop = context._jvm.org.apache.hadoop
place = hadoop.fs.Path(path)
files = place.getFileSystem(context._jsc.hadoopConfiguration())
stream = files.create(place)
stream.write(bytearray(words.encode()))
stream.close()
with open("/data/scratch/words.txt", "w") as file:
    file.write(words)
block = files.getClient().getLocatedBlocks(place.toUri().getPath(), 0).get(0).getBlock()


def work(seconds):
    time.sleep(seconds)


told = {
    "application": context.applicationId,
    "path": place.toUri().getPath(),
    "size": len(words),
    "pool": block.getBlockPoolId(),
    "block": block.getBlockId(),
    "stamp": block.getGenerationStamp(),
}
print(f"\nTOLD {json.dumps(told)}", flush=True)
context.parallelize([asked["seconds"]], 1).foreach(work)
