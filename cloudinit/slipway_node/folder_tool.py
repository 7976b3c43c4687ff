"""The Java tool JobFolder, which goes on running: to start it takes longer than most copies."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence

from .job_process import JobStoppedError, Stop

COPY_SECONDS = 1800.0
LOOK_SECONDS = 0.5
READ_BYTES = 64 * 1024
LISTING_BYTES = 32 * 1024 * 1024
# Java takes names of files and arguments in the locale's encoding; without one it loses all but ASCII.
LOCALE = {"LC_ALL": "C.UTF-8"}


class FolderToolError(Exception):
    """The files were not copied; the message says why."""


class FolderTool:
    """One process for one thread; it is started when it is needed and ends with us, as its input does."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """`environment`: beside this process's own."""
        self._argv = list(argv)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it unless it runs. OSError where that cannot be done."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            environment = {**os.environ, **LOCALE, **self._environment}
            self._process = subprocess.Popen(
                self._argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )

    def copy(self, words: Sequence[str], stop: Stop) -> list[bytes]:
        """One call: `put LOCAL URI` or `get URI LOCAL LIMIT`; the lines of its listing.

        FolderToolError: it failed. JobStoppedError: `stop` was set, or it took too long.
        """
        stop.check()
        self.start()
        try:
            answer = self._call("\t".join(words), stop)
        except (FolderToolError, JobStoppedError, OSError):
            self.close()  # whatever it does now is for nobody
            raise
        *listing, last = answer.splitlines()
        failure = json.loads(last)["failed"]
        if failure:
            raise FolderToolError(failure)
        return listing

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _call(self, line: str, stop: Stop) -> bytes:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line.encode() + b"\n")
        answer = bytearray()
        end = time.monotonic() + COPY_SECONDS
        while not _is_whole(answer):
            stop.check()
            if time.monotonic() > end:
                raise FolderToolError(f"it was not done after {COPY_SECONDS:.0f} seconds")
            if select.select([self._process.stdout], [], [], LOOK_SECONDS)[0]:
                data = self._process.stdout.read(READ_BYTES)
                if not data:
                    code = self._process.wait()
                    raise FolderToolError(f"the tool for it ended with {code}; the agent's log has its words")
                answer += data
            if len(answer) > LISTING_BYTES:
                raise FolderToolError("the list of the files is too long")
        return bytes(answer)


def _is_whole(answer: bytearray) -> bool:
    """Whether it ends with the line that says how the call went."""
    start = answer.rfind(b"\n", 0, -1) + 1
    return answer.endswith(b"\n") and answer.startswith(b'{"failed": ', start)
