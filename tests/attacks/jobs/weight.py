"""Takes more of a machine than is its due, within bounds: processes, memory, log, output."""

import json
import os
import resource
import sys
import time
from pathlib import Path

asked = json.loads(sys.argv[1])
MEGABYTE = 1 << 20
LINE = b"x" * 1023 + b"\n"


def fork(count, seconds):
    """How many of them could be made; they do nothing, and all at once."""
    children = []
    for _ in range(count):
        try:
            child = os.fork()
        except OSError:
            break
        if child == 0:
            time.sleep(seconds)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return len(children)


def hog(megabytes, seconds):
    """How a process ends that takes so much memory and keeps it."""
    child = os.fork()
    if child == 0:
        # Written to, as else the machine only promises it.
        kept = [bytearray(os.urandom(16)) * (MEGABYTE // 16) for _ in range(megabytes)]
        time.sleep(seconds)
        os._exit(0 if kept else 1)
    return os.waitpid(child, 0)[1]


def talk(megabytes):
    for _ in range(megabytes):
        sys.stdout.buffer.write(LINE * 1024)


def leave(megabytes):
    """Files of the output: one of nothing but holes, larger than the portal takes, one that is small, and a trap: a
    link where the node's agent collects what it sends."""
    from pyspark.java_gateway import launch_gateway

    jvm = launch_gateway().jvm
    configuration = jvm.org.apache.hadoop.conf.Configuration()
    Path("huge").touch()
    os.truncate("huge", megabytes * MEGABYTE)
    Path("small").write_text("small")
    own = Path("own").absolute()
    own.write_text("own")
    Path("../output/small").symlink_to(own)
    Path("../output/trap").symlink_to(own)
    for name in ("huge", "small"):
        source = jvm.java.io.File(str(Path(name).absolute()))
        place = jvm.org.apache.hadoop.fs.Path(f"{os.environ['SLIPWAY_JOB_DIR']}/output/{name}")
        files = place.getFileSystem(configuration)
        jvm.org.apache.hadoop.fs.FileUtil.copy(source, files, place, False, configuration)


told = {
    "forked": fork(asked["processes"], asked["seconds"]),
    "ended": hog(asked["memory"], asked["seconds"]),
    "processes": resource.getrlimit(resource.RLIMIT_NPROC)[0],
    "first to be killed": int(Path("/proc/self/oom_score_adj").read_text()),
}
leave(asked["output"])
talk(asked["log"])
print(f"\nTOLD {json.dumps(told)}", flush=True)
