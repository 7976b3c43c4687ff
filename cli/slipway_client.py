"""A client of the portal's REST API, version 1. Standard library only; usable by itself."""

from __future__ import annotations

import html
import http.client
import ipaddress
import json
import os
import secrets
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

Json = dict[str, Any]

CLUSTER_ENDS = ("ready", "failed", "deleted")
FOLDER_ENDS = ("available", "failed", "deleted")
JOB_ENDS = ("succeeded", "failed", "cancelled")
CALL_SECONDS = 30.0
UPLOAD_SECONDS = 600.0
POLL_SECONDS = 1.0
MOST_PAGES = 1000
PIECE_BYTES = 256 * 1024


class ApiError(Exception):
    """The portal said no. `status` is HTTP's, `next` says what to do, `errors` names wrong fields: {field: text}."""

    def __init__(
        self, status: int, title: str, detail: str = "", next: str = "", errors: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.next = next
        self.errors = dict(errors or {})
        fields = "; ".join(f"{field}: {text}" for field, text in self.errors.items())
        super().__init__(" - ".join(part for part in (title, detail, fields, next) if part))


class UnreachableError(ApiError):
    """The portal did not answer, or answered that it cannot now (5xx). The same call may work a little later."""


class Client:
    """One person's way to a portal. Every call raises ApiError where it is refused."""

    def __init__(self, url: str, token: str = "") -> None:
        """`url`: the portal's address, such as http://127.0.0.1:8000. `token`: as log_in gives it."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"The portal's address must begin with http:// or https:// and name a host: {url!r}")
        self._base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.token = token
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if _is_loopback(parts.hostname):
            handlers.append(urllib.request.ProxyHandler({}))  # no proxy knows this machine's own addresses
        self._opener = urllib.request.build_opener(*handlers)

    def log_in(self, username: str, password: str) -> str:
        """Get a token and use it from now on."""
        answer = self._json("POST", "auth/tokens", {"username": username, "password": password})
        self.token = str(answer["token"])
        return self.token

    def courses(self) -> list[Json]:
        return self._all("courses")

    def clusters(self) -> list[Json]:
        return self._all("clusters")

    def cluster(self, cluster_id: str) -> Json:
        return self._json("GET", f"clusters/{_segment(cluster_id)}")

    def create_cluster(
        self,
        course: str,
        name: str,
        workers: int,
        flavor: str,
        hours: int,
        framework: str = "spark",
        idempotency_key: str = "",
        folders: Sequence[Mapping[str, str]] = (),
        more: Mapping[str, Any] | None = None,
    ) -> Json:
        """Ask for a cluster; `course` is a course's id. With a key the call may be repeated: it stays one cluster.

        `more`: whatever else may be asked for, by the names of docs/cluster-spec.md, as a JSON or YAML file holds it.
        `folders`: {"folder": ID, "path": "/data/flights", "access": "rw" or "ro"} each; the last two may be left out.
        """
        body: Json = {
            **(more or {}),
            "course": course,
            "name": name,
            "framework": framework,
            "workers": workers,
            "flavor": flavor,
            "hours": hours,
        }
        if folders:
            body["folders"] = [dict(use) for use in folders]
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._json("POST", "clusters", body, headers)

    def delete_cluster(self, cluster_id: str) -> Json:
        """Ask for its end; the cluster as it is now."""
        return self._json("DELETE", f"clusters/{_segment(cluster_id)}")

    def folders(self) -> list[Json]:
        """The folders of one's courses."""
        return self._all("folders")

    def folder(self, folder_id: str) -> Json:
        return self._json("GET", f"folders/{_segment(folder_id)}")

    def create_folder(self, course: str, name: str, size_gb: int, share_type: str = "") -> Json:
        """Ask for a folder; `course` is a course's id, `share_type` a kind of storage (the first that is offered)."""
        return self._json(
            "POST", "folders", {"course": course, "name": name, "size_gb": size_gb, "share_type": share_type}
        )

    def grow_folder(self, folder_id: str, size_gb: int) -> Json:
        """Ask for more room; what is in the folder stays."""
        return self._json("POST", f"folders/{_segment(folder_id)}/grow", {"size_gb": size_gb})

    def delete_folder(self, folder_id: str) -> Json:
        """Ask for the folder's end, with all that is in it."""
        return self._json("DELETE", f"folders/{_segment(folder_id)}")

    def wait_for_folder(
        self,
        folder_id: str,
        seconds: float = 120.0,
        progress: Callable[[Json], None] | None = None,
        ends: Sequence[str] = FOLDER_ENDS,
    ) -> Json:
        """As wait_for_cluster."""
        return self._wait(lambda: self.folder(folder_id), ends, seconds, progress)

    def resize_cluster(self, cluster_id: str, workers: int | None = None, remove: Sequence[str] = ()) -> Json:
        """Ask for so many workers, or for the end of those named in `remove`; the cluster as it is now.

        It works on meanwhile. Wait for "ready" (it is "updating" until then), and look at "change_failure".
        """
        body: Json = {"remove": list(remove)} if workers is None else {"workers": workers}
        return self._json("POST", f"clusters/{_segment(cluster_id)}/resize", body)

    def repair_cluster(self, cluster_id: str, nodes: Sequence[str] = ()) -> Json:
        """Ask for these workers to be made anew, or for all that are in trouble. Otherwise as resize_cluster."""
        return self._json("POST", f"clusters/{_segment(cluster_id)}/repair", {"nodes": list(nodes)})

    def wait_for_cluster(
        self,
        cluster_id: str,
        seconds: float = 900.0,
        progress: Callable[[Json], None] | None = None,
        ends: Sequence[str] = CLUSTER_ENDS,
    ) -> Json:
        """The cluster once its status is one of `ends`: look which. TimeoutError after so many seconds.

        `progress` is called with the cluster whenever it has changed.
        """
        return self._wait(lambda: self.cluster(cluster_id), ends, seconds, progress)

    def submit_job(
        self,
        cluster_id: str,
        application: str | os.PathLike[str],
        arguments: Sequence[str] = (),
        files: Sequence[str | os.PathLike[str]] = (),
    ) -> Json:
        """Queue a job; application and files are local paths, read as they are sent.

        ValueError for a file name that would not arrive as it is; OSError for a file that cannot be read.
        """
        parts = [("application", Path(application)), *(("files", Path(file)) for file in files)]
        boundary = f"slipway-{secrets.token_hex(16)}"
        form = _Form(boundary, {"arguments": json.dumps(list(arguments))}, parts)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Content-Length": str(form.size)}
        path = f"clusters/{_segment(cluster_id)}/jobs"
        try:
            with self._open("POST", path, iter(form), headers, UPLOAD_SECONDS) as response:
                return _object(_read(response))
        except _FileTroubleError as trouble:
            raise trouble.error from None

    def jobs(self, cluster_id: str) -> list[Json]:
        return self._all(f"clusters/{_segment(cluster_id)}/jobs")

    def job(self, job_id: str) -> Json:
        return self._json("GET", f"jobs/{_segment(job_id)}")

    def wait_for_job(self, job_id: str, seconds: float = 900.0, progress: Callable[[Json], None] | None = None) -> Json:
        """The job once it has ended: look how. Otherwise as wait_for_cluster."""
        return self._wait(lambda: self.job(job_id), JOB_ENDS, seconds, progress)

    def log(self, job_id: str) -> str:
        """The log so far."""
        with self._open("GET", f"jobs/{_segment(job_id)}/log") as response:
            return _read(response).decode("utf-8", errors="replace")

    def outputs(self, job_id: str) -> list[Json]:
        """The files of the job's output: [{"path", "size", ...}]."""
        return self._all(f"jobs/{_segment(job_id)}/output")

    def download(self, job_id: str, path: str, destination: str | os.PathLike[str]) -> int:
        """Fetch one file of the output, whole or not at all; its size in bytes."""
        target = Path(destination)
        with self._open("GET", f"jobs/{_segment(job_id)}/output/{quote(path)}") as response:
            expected = response.headers.get("Content-Length")
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    size = sum(file.write(piece) for piece in _pieces(response))
                if expected is not None and size != int(expected):
                    raise UnreachableError(0, "The download was cut off", f"{size} of {expected} bytes came.")
                Path(name).replace(target)
            finally:
                Path(name).unlink(missing_ok=True)
        return size

    def _wait(
        self, ask: Callable[[], Json], ends: Sequence[str], seconds: float, progress: Callable[[Json], None] | None
    ) -> Json:
        deadline = time.monotonic() + seconds
        seen: Json | None = None
        while True:
            try:
                now = ask()
            except UnreachableError:
                # A portal that restarts does not end the wait; one that stays away does, with its own words.
                if time.monotonic() > deadline:
                    raise
            else:
                if progress is not None and now != seen:
                    progress(now)
                seen = now
                if now["status"] in ends:
                    return now
            if time.monotonic() > deadline:
                state = seen["status"] if seen else "unknown"
                raise TimeoutError(f"Still {state} after {seconds:.0f} seconds; waited for {' or '.join(ends)}.")
            time.sleep(POLL_SECONDS)

    def _all(self, path: str) -> list[Json]:
        """A list to its last page."""
        items: list[Json] = []
        for _ in range(MOST_PAGES):
            page = self._json("GET", path)
            items += page["results"]
            following = page.get("next")
            if not following:
                return items
            # Only the way is taken from the answer: the token goes to the portal we know, and nowhere else.
            parts = urlsplit(following)
            path = parts.path.rpartition("/api/v1/")[2] + (f"?{parts.query}" if parts.query else "")
        raise ApiError(0, "The list has no end", f"More than {MOST_PAGES} pages at {path}.")

    def _json(self, method: str, path: str, body: Json | None = None, headers: Mapping[str, str] | None = None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        sent = {**(headers or {}), **({} if data is None else {"Content-Type": "application/json"})}
        with self._open(method, path, data, sent) as response:
            return _object(_read(response))

    def _open(
        self,
        method: str,
        path: str,
        data: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = CALL_SECONDS,
    ) -> http.client.HTTPResponse:
        request = urllib.request.Request(f"{self._base}/api/v1/{path}", data=data, method=method)  # noqa: S310
        request.add_header("Accept", "application/json, */*")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if self.token:
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            response: http.client.HTTPResponse = self._opener.open(request, timeout=seconds)
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            cause = getattr(error, "reason", None) or error or type(error).__name__
            raise UnreachableError(
                0,
                "The portal does not answer",
                f"{method} {self._base}: {cause}",
                "Check the address, and that the portal runs.",
            ) from error
        return response


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The API has no redirects; one that comes leads to another server, which must not see the token."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _FileTroubleError(Exception):
    """A file that cannot be read. No OSError: urllib would take that for trouble with the portal."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class _Form:
    """multipart/form-data with the files' bytes read as they go out. `size` in bytes is known before."""

    def __init__(self, boundary: str, fields: Mapping[str, str], files: Sequence[tuple[str, Path]]) -> None:
        self._parts: list[tuple[bytes, Path | None]] = []
        for name, value in fields.items():
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'
            self._parts.append((head.encode(), None))
        for name, path in files:
            _check_name(path.name)
            # Percent-encoded (RFC 5987): quotes, semicolons and letters of any script arrive as they are.
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
                f"filename*=UTF-8''{quote(path.name, safe='')}\r\nContent-Type: application/octet-stream\r\n\r\n"
            )
            self._parts.append((head.encode(), path))
        self._end = f"--{boundary}--\r\n".encode()
        self._sizes = [path.stat().st_size if path else 0 for _, path in self._parts]
        self.size = sum(len(head) + 2 for head, _ in self._parts) + sum(self._sizes) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        for (head, path), size in zip(self._parts, self._sizes, strict=True):
            yield head
            if path is not None:
                try:
                    yield from _exactly(path, size)
                except OSError as error:
                    raise _FileTroubleError(error) from error
            yield b"\r\n"
        yield self._end


def _exactly(path: Path, size: int) -> Iterator[bytes]:
    """A file's bytes; OSError where there are no longer as many as were announced."""
    rest = size
    with path.open("rb") as file:
        while rest:
            piece = file.read(min(rest, PIECE_BYTES))
            if not piece:
                raise OSError(f"{path} became shorter while it was sent; send it again")
            rest -= len(piece)
            yield piece


def _check_name(name: str) -> None:
    """Servers take the part behind a backslash for the name, and resolve HTML's entities in it."""
    if not name or "\\" in name or html.unescape(name) != name or not name.isprintable():
        raise ValueError(
            f"A file cannot be sent under the name {name!r}: backslashes, control characters and HTML entities such "
            "as &amp; do not arrive as they are. Rename the file."
        )


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := _read(response, PIECE_BYTES):
        yield piece


def _read(response: http.client.HTTPResponse, most: int | None = None) -> bytes:
    try:
        return response.read(most)
    except (http.client.HTTPException, OSError) as error:
        raise UnreachableError(0, "The portal's answer was cut off", str(error), "Try again.") from error


def _object(body: bytes) -> Json:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ApiError(0, "This is not a Slipway portal", "The answer is no JSON object.", "Check the address.")
    return answer


def _refusal(error: urllib.error.HTTPError) -> ApiError:
    try:
        problem = json.loads(error.read(PIECE_BYTES))
    except (ValueError, OSError, http.client.HTTPException):
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    kind = UnreachableError if error.code in (502, 503, 504) else ApiError
    errors = problem.get("errors")
    return kind(
        error.code,
        str(problem.get("title") or f"HTTP {error.code} {error.reason}"),
        str(problem.get("detail") or ""),
        str(problem.get("next") or ""),
        errors if isinstance(errors, dict) else None,
    )


def _segment(text: str) -> str:
    return quote(str(text), safe="")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
