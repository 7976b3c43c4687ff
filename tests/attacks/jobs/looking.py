"""Looks around on the machine that a job runs on, as the job's own user: for files, sockets and processes of others."""

import base64
import json
import os
import socket
import sys
from pathlib import Path

asked = json.loads(sys.argv[1])
# Told in another form, as else they would stand in this program's own command line.
WORDS = [base64.b64decode(word) for word in asked["words"]]


def look(path):
    """What can be had at a path, or why nothing."""
    try:
        with os.scandir(path) as entries:
            return f"listed {len(list(entries))}"
    except NotADirectoryError:
        return read(path)
    except OSError as error:
        return f"refused: {error.strerror}"


def read(path):
    try:
        with open(path, "rb") as file:
            return f"read {len(file.read(100_000))}"
    except OSError as error:
        return f"refused: {error.strerror}"


def call(path):
    """Whether somebody answers at a socket."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as channel:
            try:
                channel.connect(path)
                return "connected"
            except OSError as error:
                why = error.strerror
                if "wrong type" not in why:
                    break
    return f"refused: {why}"


def processes_that_tell(words):
    """The command lines and environments in which one of the words stands."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                text = (entry / name).read_bytes()
            except OSError:
                continue
            if any(word in text for word in words):
                found.append(f"{name} of {entry.name}: {text[:100]!r}")
    return found


def ways_through(paths):
    """The files of others that can be read through a process's root folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        for path in paths:
            try:
                (entry / "root" / path.lstrip("/")).read_bytes()
            except OSError:
                continue
            found.append(f"{path} through {entry.name}")
    return found


def of_others(pattern):
    """How many of the machine's processes run as this user and in no server of this one's."""
    mine = os.environ.get("SLIPWAY_SERVER_ID", "")
    count = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "environ").read_bytes()
        except OSError:
            continue
        count += pattern in text and mine.encode() not in text
    return count


told = {
    # What there is, it sees.
    "own": look(os.environ.get("SLIPWAY_NODE_ROOT", "") + "/etc/slipway/facts.json"),
    "files": {name: look(path) for name, path in asked["files"].items()},
    "sockets": {name: call(path) for name, path in asked["sockets"].items()},
    "processes": processes_that_tell(WORDS),
    "ways": ways_through(asked["through"]),
    "environments of others": of_others(b"SLIPWAY_SE"),
}
print(f"\nTOLD {json.dumps(told)}")
