"""A job's log: written down within a bound, and sent to the portal in order while the job runs."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from pathlib import Path

from .portal import Backoff, PortalClient, PortalError, PortalRefusedError, PortalUnavailableError

HEAD_BYTES = 64 * 1024 * 1024
TAIL_BYTES = 8 * 1024 * 1024
SEND_BYTES = 256 * 1024
SEND_EVERY_SECONDS = 1.0
MOST_STALLS = 5
LEAST_PART_BYTES = 1024
TOO_LARGE = 413


class JobLog:
    """The log's file. Of a longer log: the first `head` bytes, a line that says so, the last `tail`."""

    def __init__(self, path: Path, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> None:
        self.path = path
        self.grown = threading.Event()
        self._file = path.open("wb", buffering=0)
        self._room = head
        self._tail_limit = tail
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._left_out = 0

    def write(self, data: bytes) -> None:
        """Never fails: a disk that is full must not end a job that computes."""
        head, rest = data[: self._room], data[self._room :]
        if head:
            written = self._append(head)
            self._room = self._room - written if written == len(head) else 0
            rest = head[written:] + rest
            self.grown.set()
        if rest:
            self._keep(rest)

    def close(self) -> None:
        """Write the end of a log that was too long. Nothing may be written after this."""
        if self._left_out:
            self._append(f"\n[... {self._left_out} bytes of the log are left out here ...]\n".encode())
        while self._tail:
            self._append(self._tail.popleft())
        self._file.close()

    def _append(self, data: bytes) -> int:
        written = 0
        with contextlib.suppress(OSError):
            while written < len(data):
                written += self._file.write(data[written:])
        return written

    def _keep(self, data: bytes) -> None:
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes > self._tail_limit:
            surplus = min(self._tail_bytes - self._tail_limit, len(self._tail[0]))
            first = self._tail.popleft()
            if surplus < len(first):
                self._tail.appendleft(first[surplus:])
            self._tail_bytes -= surplus
            self._left_out += surplus


class LogSender:
    """Sends a log from a thread of its own, about once a second while there is something new."""

    def __init__(self, client: PortalClient, job_id: str, log: JobLog) -> None:
        self._client = client
        self._job_id = job_id
        self._log = log
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No new part begins. What is not sent yet is for `send_log`; the two may overlap without harm."""
        self._closed.set()
        self._log.grown.set()
        self._thread.join(SEND_EVERY_SECONDS)

    def _run(self) -> None:
        offset = 0
        backoff = Backoff()
        while True:
            self._log.grown.wait()
            self._log.grown.clear()
            if self._closed.is_set():
                return
            try:
                offset = send_log(self._client, self._job_id, self._log.path, offset, self._closed)
                backoff.reset()
                pause = SEND_EVERY_SECONDS
            except PortalUnavailableError:
                self._log.grown.set()
                pause = backoff.pause()
            except PortalError:
                return  # refused; whoever reports the job will hear it again and decide
            if self._closed.wait(pause):
                return


def send_log(
    client: PortalClient, job_id: str, path: Path, offset: int = 0, closed: threading.Event | None = None
) -> int:
    """Send the log from `offset` to its present end; the offset from which to go on.

    The portal's answer says where: what it has already is skipped, a gap goes back. Stops early once `closed`
    is set. Raises what PortalClient raises.
    """
    stalls, part = 0, SEND_BYTES
    with path.open("rb") as log:
        while closed is None or not closed.is_set():
            log.seek(offset)
            data = log.read(part)
            if not data:
                break
            try:
                size = client.append_log(job_id, offset, data)
            except PortalRefusedError as refused:
                if refused.status != TOO_LARGE or part <= LEAST_PART_BYTES:
                    raise
                part //= 2
                continue
            if size <= offset:
                stalls += 1
            if stalls > MOST_STALLS:
                # So it is with a job that the portal has ended by itself.
                raise PortalRefusedError(f"The portal's log of job {job_id} stays at {size} bytes.", 409, {})
            offset = size
    return offset
