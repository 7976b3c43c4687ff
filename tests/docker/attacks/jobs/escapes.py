"""Deeds by which programs have come out of containers, each tried in a way that harms nothing should it be done: files
are opened and not written, a disk's first block is read, what was mounted or made goes again. Tells what came of it."""

import ctypes
import errno
import fcntl
import json
import os
import platform
import socket
import stat
import struct
import sys
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_USER, NEW_MOUNTS, NEW_NETWORK = 0x10000000, 0x00020000, 0x40000000
INIT_MODULE = {"x86_64": 175, "aarch64": 105}
SET_ADDRESS, FREE_BIND = 0x8916, 15
PLACE = "/tmp/escape"
asked = json.loads(sys.argv[1])


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def mount(kind, options=""):
    Path(PLACE).mkdir(exist_ok=True)
    checked(LIBC.mount(b"none", PLACE.encode(), kind.encode(), 0, options.encode()))
    checked(LIBC.umount2(PLACE.encode(), 2))


def device(kind, major, minor):
    """Made, and its beginning read."""
    path = f"{PLACE}-{major}-{minor}"
    os.mknod(path, kind | 0o600, os.makedev(major, minor))
    try:
        os.close(os.open(path, os.O_RDONLY))
        with open(path, "rb") as made:
            made.read(512)
    finally:
        Path(path).unlink()


def namespace(kind):
    """In a child: all else goes on where it is."""
    child = os.fork()
    if child == 0:
        os._exit(0 if LIBC.unshare(kind) == 0 else ctypes.get_errno())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))


def module():
    """An empty one, which no kernel takes: who may load modules is told that it is none."""
    try:
        checked(LIBC.syscall(INIT_MODULE[platform.machine()], b"", 0, b""))
    except OSError as error:
        if error.errno == errno.EPERM:
            raise


def take_address():
    """A second one for the network card, which is nobody's."""
    name, address = f"{asked['card']}:9".encode(), socket.inet_aton(asked["free"])
    with socket.socket() as channel:
        request = struct.pack("16sH2x4s8x", name, socket.AF_INET, address)
        fcntl.ioctl(channel, SET_ADDRESS, request)


def speak_as_another():
    """With an address that this machine has not."""
    with socket.socket() as channel:
        channel.settimeout(5)
        channel.setsockopt(socket.IPPROTO_IP, FREE_BIND, 1)
        channel.bind((asked["theirs"], 0))
        channel.connect((asked["door"], 9870))


DEEDS = {
    "mount a file system": lambda: mount("tmpfs"),
    "mount the control groups": lambda: mount("cgroup", "pids"),
    "mount the control groups, version 2": lambda: mount("cgroup2"),
    "make a device": lambda: device(stat.S_IFCHR, 1, 3),
    "read the machine's disk": lambda: device(stat.S_IFBLK, *asked["disk"]),
    "another root folder": lambda: os.chroot("/"),
    "a namespace of users": lambda: namespace(NEW_USER),
    "a namespace of mounts": lambda: namespace(NEW_MOUNTS),
    "a namespace of networks": lambda: namespace(NEW_NETWORK),
    "a module of the kernel": module,
    "a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close(),
    "a socket for whole packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close(),
    "one more address": take_address,
    "the address of another": speak_as_another,
}


def outcome(deed):
    try:
        deed()
    except OSError as error:
        return f"refused: {error}"
    return "done"


def open_to_write(path):
    os.close(os.open(path, os.O_WRONLY))


told = {
    "deeds": {name: outcome(DEEDS[name]) for name in asked.get("deeds") or DEEDS},
    "opened": {
        str(path): outcome(lambda path=path: open_to_write(path))
        for pattern in asked["paths"]
        for path in list(Path("/").glob(pattern.lstrip("/"))) or [pattern]
    },
}
print(f"\nTOLD {json.dumps(told)}", flush=True)
