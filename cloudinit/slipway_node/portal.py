"""The node's way to the portal: HTTP calls that go out from the node, with the node's own credential."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from cloudinit.frameworks.node import Report

CALL_SECONDS = 10.0
EVENT_SECONDS = 5.0
TRANSFER_SECONDS = 60.0
POLL_MARGIN_SECONDS = 10.0
ANSWER_LIMIT = 16 * 1024 * 1024
COPY_BYTES = 256 * 1024


class PortalError(Exception):
    """The portal could not be asked, or its answer is not the one hoped for."""


class PortalUnavailableError(PortalError):
    """No answer, or one that says "not now" (5xx, 429): worth another try."""


class PortalRefusedError(PortalError):
    """An answer that the same call will get again. `status` is HTTP's, `answer` its JSON object."""

    def __init__(self, message: str, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.answer = answer


class CredentialRefusedError(PortalRefusedError):
    """401: the node's credential is wrong, or its cluster is gone."""


@dataclass(frozen=True)
class Event:
    """A step of the node's boot; `seconds` is its duration."""

    step: str
    state: str
    seconds: float
    message: str = ""
    log: str = ""


@dataclass(frozen=True)
class Command:
    """What the portal wants of this node; `body` is the whole JSON object, `id` and `kind` included."""

    id: str
    kind: str
    body: Mapping[str, Any]


class Backoff:
    """Growing pauses with jitter, so that the nodes of a class do not return to a portal in step."""

    def __init__(self, least: float = 0.2, most: float = 5.0) -> None:
        self._least = least
        self._most = most
        self._tries = 0

    def pause(self) -> float:
        """The next pause in seconds, between `least` and `most`."""
        ceiling = min(self._most, self._least * 2.0 ** min(self._tries, 16))
        self._tries += 1
        return max(self._least, random.uniform(ceiling / 2, ceiling))  # noqa: S311 - jitter, no secret

    def reset(self) -> None:
        self._tries = 0


class PortalClient:
    """The contract "The node and the portal". Each call has its own connection: threads may share a client.

    Calls raise PortalUnavailableError, PortalRefusedError or CredentialRefusedError.
    """

    def __init__(self, url: str, credential: str, source_address: str = "") -> None:
        """`url` is the portal's (http or https); calls leave from `source_address` where it is given."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"The portal's URL must begin with http:// or https:// and name a host: {url!r}")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/") + "/node/v1/"
        self._credential = credential
        self._source = (source_address, 0) if source_address else None
        # One poll at a time: threads that poll have a client each.
        self._polling: http.client.HTTPConnection | None = None
        self._interrupted = False

    def send_event(self, event: Event) -> None:
        self._call("POST", "events", asdict(event), seconds=EVENT_SECONDS)

    def post_health(self, report: Report) -> None:
        self._call("POST", "health", asdict(report))

    def commands(self, wait: int = 25) -> list[Command]:
        """Long poll: what there is to do now, or nothing after `wait` seconds, or after `interrupt`."""
        answer = self._poll(f"commands?wait={wait}", wait)
        return [_command(item) for item in _list_in(answer, "commands")] if answer else []

    def hosts(self, known: str, wait: int = 25) -> Mapping[str, Any]:
        """Long poll: who belongs to the cluster, where that has another digest than `known`; else empty as above.

        It tells the portal that this node goes by `known`.
        """
        return self._poll(f"hosts?known={quote(known, safe='')}&wait={wait}", wait)

    def _poll(self, path: str, wait: int) -> Mapping[str, Any]:
        connection = self._connection(wait + POLL_MARGIN_SECONDS)
        self._polling = connection
        try:
            connection.connect()
            # Asked once the socket stands: from here on `interrupt` finds it.
            if self._interrupted:
                return {}
            return self._exchange(connection, "GET", path, None, {})
        except (PortalUnavailableError, OSError) as error:
            if self._interrupted:
                return {}
            raise _unavailable("GET", path, error) from error
        finally:
            self._polling = None
            connection.close()

    def interrupt(self) -> None:
        """End a long poll that waits in another thread, and every later one at once."""
        self._interrupted = True
        connection = self._polling
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):  # it may end by itself in this very moment
                connection.sock.shutdown(socket.SHUT_RDWR)

    def mount_key(self, number: int) -> tuple[str, str]:
        """The user, and the key of his, by which the facts' mount `number` is made."""
        answer = self._exchange(self._connection(CALL_SECONDS), "GET", f"mounts/{number}/key", None, {})
        user, key = answer.get("user"), answer.get("key")
        if not isinstance(user, str) or not isinstance(key, str) or not re.fullmatch(r"[\w.-]+", user):
            raise PortalUnavailableError(f"The portal's answer has no key for the mount {number}.")
        return user, key

    def renew_lease(self, command_id: str) -> bool:
        """False: the portal does not want this command carried out any more."""
        try:
            self._call("POST", f"commands/{quote(command_id, safe='')}/lease", {})
        except PortalRefusedError as refused:
            if refused.status in (404, 410):
                return False
            raise
        return True

    def download_application(self, job_id: str, destination: Path) -> int:
        """Fetch the job's application into `destination` (whole or not at all); its size in bytes."""
        return self._download(f"jobs/{quote(job_id, safe='')}/application", destination)

    def download_file(self, job_id: str, number: int, destination: Path) -> int:
        """Fetch the job's file `number`, counted from 0, like `download_application`."""
        return self._download(f"jobs/{quote(job_id, safe='')}/files/{number}", destination)

    def append_log(self, job_id: str, offset: int, data: bytes) -> int:
        """Send the log's bytes from `offset` on; the size that the portal has now, from which to go on."""
        path = f"jobs/{quote(job_id, safe='')}/log?offset={offset}"
        try:
            answer = self._send("POST", path, data, "text/plain; charset=utf-8", len(data), TRANSFER_SECONDS)
        except PortalRefusedError as refused:
            if refused.status != 409 or not isinstance(refused.answer.get("size"), int):
                raise
            answer = refused.answer
        size = answer.get("size")
        if not isinstance(size, int) or size < 0:
            raise PortalUnavailableError("The portal's answer to a part of the log has no size.")
        return size

    def put_output(self, job_id: str, path: str, source: Path) -> None:
        """Upload one file of the job's output; `path` is relative to `output/`."""
        target = f"jobs/{quote(job_id, safe='')}/output?path={quote(path, safe='')}"
        with source.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            self._send("PUT", target, stream, "application/octet-stream", size, TRANSFER_SECONDS)

    def post_result(self, command_id: str, result: Mapping[str, Any]) -> None:
        """`result`: {"exit_code": int or None, "reason": str, "output": [{"path", "size", "uploaded"}]}."""
        self._call("POST", f"commands/{quote(command_id, safe='')}/result", result, seconds=TRANSFER_SECONDS)

    def _call(self, method: str, path: str, body: Mapping[str, Any], seconds: float = CALL_SECONDS) -> None:
        data = json.dumps(body).encode()
        self._send(method, path, data, "application/json", len(data), seconds)

    def _send(
        self, method: str, path: str, body: bytes | BinaryIO, content_type: str, size: int, seconds: float
    ) -> Mapping[str, Any]:
        headers = {"Content-Type": content_type, "Content-Length": str(size)}
        return self._exchange(self._connection(seconds), method, path, body, headers)

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=seconds, source_address=self._source, blocksize=COPY_BYTES)

    def _request(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | BinaryIO | None,
        headers: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        authorized = {"Authorization": f"Bearer {self._credential}", "Accept": "application/json", **headers}
        try:
            connection.request(method, self._prefix + path, body=body, headers=authorized)
        except ConnectionError:
            # A server that refuses a large body may answer and hang up before it has read all of it.
            if connection.sock is None:
                raise
        response = connection.getresponse()
        if response.status not in (200, 204):
            raise _refusal(method, path, response)
        return response

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | BinaryIO | None,
        headers: Mapping[str, str],
    ) -> Mapping[str, Any]:
        try:
            return _object(self._request(connection, method, path, body, headers).read(ANSWER_LIMIT))
        except (OSError, http.client.HTTPException) as error:
            raise _unavailable(method, path, error) from error
        finally:
            connection.close()

    def _download(self, path: str, destination: Path) -> int:
        connection = self._connection(TRANSFER_SECONDS)
        partial = destination.with_name(f".partial-{os.getpid()}-{threading.get_ident()}")
        try:
            try:
                response = self._request(connection, "GET", path, None, {"Accept": "*/*"})
                expected = response.length
            except (OSError, http.client.HTTPException) as error:
                raise _unavailable("GET", path, error) from error
            with partial.open("wb") as target:
                size = _copy(response, target, path)
            if expected is not None and size != expected:
                raise PortalUnavailableError(f"GET {path}: the answer ended after {size} of {expected} bytes.")
            partial.replace(destination)
            return size
        finally:
            partial.unlink(missing_ok=True)
            connection.close()


class EventPoster:
    """Posts events from a thread of its own, in order: a portal that is slow or down does not slow a boot.

    An event is tried again until the portal takes or refuses it, or `close` has run out of time.
    """

    def __init__(self, client: PortalClient, limit: int = 1000) -> None:
        """Of more than `limit` waiting events the oldest are dropped."""
        self._client = client
        self._waiting: deque[Event] = deque(maxlen=limit)
        self._changed = threading.Condition()
        self._deadline = float("inf")
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def post_event(self, step: str, state: str, seconds: float, message: str = "", log: str = "") -> None:
        """The same words as PortalClient's; returns at once."""
        with self._changed:
            self._waiting.append(Event(step, state, seconds, message, log))
            self._changed.notify_all()

    def close(self, within: float = 5.0) -> int:
        """Wait at most `within` seconds until all is posted; the number of events that were not."""
        with self._changed:
            self._closing = True
            self._deadline = time.monotonic() + within
            self._changed.notify_all()
        self._thread.join(within)
        with self._changed:
            return len(self._waiting)

    def _run(self) -> None:
        backoff = Backoff()
        while (event := self._next()) is not None:
            try:
                self._client.send_event(event)
            except PortalUnavailableError:
                self._wait(backoff.pause())
                continue
            except PortalError:
                pass  # refused for good: the portal would not take it a second time either
            backoff.reset()
            with self._changed:
                if self._waiting and self._waiting[0] is event:
                    self._waiting.popleft()

    def _next(self) -> Event | None:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            if not self._waiting or time.monotonic() >= self._deadline:
                return None
            return self._waiting[0]

    def _wait(self, seconds: float) -> None:
        with self._changed:
            # Bounded by the deadline too: close() shortens a pause that would outlast it.
            self._changed.wait(min(seconds, max(0.0, self._deadline - time.monotonic())))


def _copy(response: http.client.HTTPResponse, target: BinaryIO, path: str) -> int:
    size = 0
    while True:
        # Only the network's errors are the portal's: a full disk must not be taken for a reason to try again.
        try:
            piece = response.read(COPY_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _unavailable("GET", path, error) from error
        if not piece:
            return size
        target.write(piece)
        size += len(piece)


def _object(body: bytes) -> Mapping[str, Any]:
    if not body.strip():
        return {}
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise PortalUnavailableError("The portal's answer is not JSON.") from error
    if not isinstance(answer, dict):
        raise PortalUnavailableError("The portal's answer is not a JSON object.")
    return answer


def _list_in(answer: Mapping[str, Any], key: str) -> list[Any]:
    items = answer.get(key)
    if not isinstance(items, list):
        raise PortalUnavailableError(f"The portal's answer has no list {key!r}.")
    return items


def _command(item: Any) -> Command:
    if not isinstance(item, dict) or not all(isinstance(item.get(key), str) for key in ("id", "kind")):
        raise PortalUnavailableError("The portal's answer has a command without id or kind.")
    return Command(item["id"], item["kind"], item)


def _unavailable(method: str, path: str, error: Exception) -> PortalUnavailableError:
    if isinstance(error, PortalUnavailableError):
        return error
    cause = str(error) or type(error).__name__
    return PortalUnavailableError(f"{method} {path}: the portal could not be reached: {cause}")


def _refusal(method: str, path: str, response: http.client.HTTPResponse) -> PortalError:
    try:
        answer = _object(response.read(COPY_BYTES))
    except (PortalError, OSError, http.client.HTTPException):
        answer = {}
    status = response.status
    words = answer.get("detail") or answer.get("title") or response.reason
    message = f"{method} {path}: the portal answered {status}: {words}"
    if status == 401:
        return CredentialRefusedError(message, status, answer)
    if status >= 500 or status in (408, 425, 429):
        return PortalUnavailableError(message)
    return PortalRefusedError(message, status, answer)
