"""`mount` and `umount` as a server's programs find them: what is NFS is asked of compute, all else is the machine's.

It stands in the server's root folder (see `minicloud.server.image_files`) and runs with `python -I -S`: nothing but the
standard library. Arguments: the server's root folder, the socket, the program's name, then what the caller gave.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import time

FAILED = 32
# compute is restarted in less; a server that boots meanwhile waits, as for an NFS server that is away.
ANSWER_SECONDS = 60.0
PAUSE_SECONDS = 0.5


def main() -> int:
    root, door, program, *words = sys.argv[1:]
    request = {"mount": mount_request, "umount": umount_request}[program](words)
    if request is None:
        machine = next(path for path in (f"/usr/bin/{program}", f"/bin/{program}") if os.path.exists(path))  # noqa: PTH110
        os.execv(machine, [program, *words])
    request["path"] = below(root, request["path"])
    error = ask(door, request)
    if error:
        print(f"{program}.nfs: {error}", file=sys.stderr)
    return FAILED if error else 0


def parse(words: list[str]) -> argparse.Namespace | None:
    """None: with options that a mount of NFS does not need here."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("-t", "--types", default="")
    parser.add_argument("-o", "--options", action="append", default=[])
    parser.add_argument("-r", "--read-only", action="store_true")
    parser.add_argument("-l", "--lazy", action="store_true")
    parser.add_argument("-f", "--force", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("operands", nargs="*")
    try:
        found, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError:
        return None
    return None if unknown else found


def mount_request(words: list[str]) -> dict[str, object] | None:
    """None: not a mount of NFS. The last of `ro` and `rw` counts, as with mount(8)."""
    found = parse(words)
    if found is None or len(found.operands) != 2 or ":/" not in found.operands[0]:
        return None
    if found.types not in ("", "nfs", "nfs4"):
        return None
    flags = [flag for flag in ",".join(found.options).split(",") if flag in ("ro", "rw")]
    read_only = flags[-1] == "ro" if flags else found.read_only
    return {"verb": "mount", "export": found.operands[0], "path": found.operands[1], "read_only": read_only}


def umount_request(words: list[str]) -> dict[str, object] | None:
    found = parse(words)
    if found is None or len(found.operands) != 1 or found.types not in ("", "nfs", "nfs4"):
        return None
    return {"verb": "umount", "path": found.operands[0], "lazy": found.lazy or found.force}


def below(root: str, path: object) -> str:
    """The path relative to the server's root folder; an absolute one is the server's, with the prefix or without."""
    whole = os.path.abspath(str(path))  # noqa: PTH100 - links are compute's to follow
    root = os.path.abspath(root)  # noqa: PTH100
    if os.path.commonpath([root, whole]) == root:
        return os.path.relpath(whole, root)
    return whole.lstrip("/") or "."


def ask(door: str, request: dict[str, object]) -> str:
    """What compute answers: empty, or why not. It is asked again only where the connection broke."""
    deadline = time.monotonic() + ANSWER_SECONDS
    why = ""
    while (left := deadline - time.monotonic()) > 0:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel:
            # What was asked once may still be done: asked twice, it would be refused as done already.
            channel.settimeout(left)
            try:
                channel.connect(door)
                channel.send(json.dumps(request).encode())
                answer = channel.recv(65536)
                if answer:
                    return str(json.loads(answer)["error"])
                why = "it closed the connection"
            except PermissionError:
                # A container's door is closed to all but its root. A server that is processes has one user, who may.
                return "only root may mount"
            except OSError as error:
                why = str(error)
        time.sleep(PAUSE_SECONDS)
    return f"the cloud's compute does not answer: {why}"


if __name__ == "__main__":
    sys.exit(main())
