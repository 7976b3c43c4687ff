"""One way to the portal: a request and its answer, refusals as exceptions, repeats only where they do no harm."""

from __future__ import annotations

import ipaddress
import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from .errors import ApiError, UnreachableError

Json = dict[str, Any]
Params = Mapping[str, str | Sequence[str]]
Answer = TypeVar("Answer")

CALL_SECONDS = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0
MOST_PAGES = 1000
PAGE_SIZE = "200"  # as large as the portal makes one
PROBLEM_BYTES = 256 * 1024
SAFE = ("GET", "HEAD", "DELETE")  # asked for twice, these do no more than once


class Seen(NamedTuple):
    """A thing, and what to send along (If-Match) so that it is changed only if it still is as it was seen."""

    thing: Json
    etag: str


class Transport:
    """`patience`: for so many seconds a call that may be repeated goes on trying where the portal cannot answer."""

    def __init__(self, url: str, token: str = "", patience: float = 0.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"The portal's address must begin with http:// or https:// and name a host: {url!r}")
        self.base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.token = token
        self._patience = patience
        self._http = httpx.Client(
            # No proxy knows this machine's own addresses.
            trust_env=not is_loopback(parts.hostname),
            # The system's certificates, and SSL_CERT_FILE: a university's own authority stands there, not in a package.
            verify=ssl.create_default_context() if parts.scheme == "https" else False,
            # The API has no redirects; one that comes leads to another server, which must not see the token.
            follow_redirects=False,
            timeout=CALL_SECONDS,
            headers={"Accept": "application/json, */*", "Accept-Encoding": "identity"},
        )

    def json(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        params: Params | None = None,
        key: str = "",
        harmless: bool = False,
        if_match: str = "",
    ) -> Json:
        """A call whose answer is a JSON object; empty where there is none.

        A POST has an Idempotency-Key, `key` or one of its own, so that it may be repeated. `harmless`: asked for twice,
        it does no more than once without one. `if_match`: as `seen` gave it; 412 where the thing is another by now.
        """
        keyed = self._keyed(key) if method == "POST" and not harmless else {}
        headers = {**keyed, **({"If-Match": if_match} if if_match else {})}

        def once() -> Json:
            with self._once(method, path, json_body=body, params=params, headers=headers) as response:
                return _object(read(response)) if response.status_code != httpx.codes.NO_CONTENT else {}

        return self._patiently(once, repeatable=harmless or method in SAFE or bool(keyed))

    def seen(self, path: str) -> Seen:
        """A thing that is looked at to be changed."""

        def once() -> Seen:
            with self._once("GET", path) as response:
                return Seen(_object(read(response)), response.headers.get("ETag", ""))

        return self._patiently(once, repeatable=True)

    def text(self, path: str, params: Params | None = None) -> bytes:
        """The whole of an answer that is no JSON."""

        def once() -> bytes:
            with self._once("GET", path, params=params) as response:
                return read(response)

        return self._patiently(once, repeatable=True)

    def upload(self, path: str, content: Iterable[bytes], headers: Mapping[str, str], seconds: float) -> Json:
        """Send what is made as it goes out; `content` can be gone through anew."""
        keyed = {**headers, **self._keyed()}

        def once() -> Json:
            with self._once("POST", path, content=content, headers=keyed, seconds=seconds) as response:
                return _object(read(response))

        return self._patiently(once, repeatable="Idempotency-Key" in keyed)

    @contextmanager
    def stream(self, path: str, params: Params | None = None) -> Iterator[httpx.Response]:
        """An answer that is read in pieces by `pieces`."""
        opened = self._patiently(lambda: self._open("GET", path, params=params), repeatable=True)
        try:
            yield opened
        finally:
            opened.close()

    def pages(self, path: str, params: Params | None = None) -> list[Json]:
        """A list to its last page."""
        large = {**(params or {}), "page_size": PAGE_SIZE}
        return [item for page in self.each_page(path, large) for item in page["results"]]

    def each_page(self, path: str, params: Params | None = None) -> Iterator[Json]:
        """Whole answers, for a list that says more than its items."""
        page = self.json("GET", path, params=params)
        for _ in range(MOST_PAGES):
            yield page
            following = page.get("next")
            if not following:
                return
            # Only the way is taken from the answer: the token goes to the portal we know, and nowhere else.
            parts = urlsplit(following)
            rest = parts.path.rpartition("/api/v1/")[2] + (f"?{parts.query}" if parts.query else "")
            page = self.json("GET", rest)
        raise ApiError(0, "The list has no end", f"More than {MOST_PAGES} pages at {path}.")

    def close(self) -> None:
        self._http.close()

    def _keyed(self, key: str = "") -> dict[str, str]:
        """The portal keeps keys by person: of who shows no token there are none, so a log-in is sent once."""
        return {"Idempotency-Key": key or str(uuid.uuid4())} if self.token else {}

    @contextmanager
    def _once(self, method: str, path: str, **how: Any) -> Iterator[httpx.Response]:
        response = self._open(method, path, **how)
        try:
            yield response
        finally:
            response.close()

    def _open(
        self,
        method: str,
        path: str,
        *,
        json_body: Json | None = None,
        content: Iterable[bytes] | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = CALL_SECONDS,
    ) -> httpx.Response:
        """An answer whose body is not read yet. ApiError where it is none of success."""
        sent = {**(headers or {}), **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        address = f"{self.base}/api/v1/{path}"
        try:
            request = self._http.build_request(
                method, address, json=json_body, content=content, params=params or None, headers=sent, timeout=seconds
            )
            response = self._http.send(request, stream=True)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise UnreachableError(
                0,
                "The portal does not answer",
                f"{method} {self.base}: {str(error) or type(error).__name__}",
                "Check the address, and that the portal runs.",
                never_sent=isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)),
            ) from error
        if not response.is_success:
            raise _refusal(response)
        return response

    def _patiently(self, attempt: Callable[[], Answer], *, repeatable: bool) -> Answer:
        deadline, pause = time.monotonic() + self._patience, FIRST_PAUSE
        while True:
            try:
                return attempt()
            except ApiError as error:
                # Of a request that was refused for its number (429), or never sent, nothing was done either.
                harmless = error.status == httpx.codes.TOO_MANY_REQUESTS or error.never_sent
                again = harmless or (repeatable and isinstance(error, UnreachableError))
                wait = max(pause, error.retry_after)
                if not again or time.monotonic() + wait > deadline:
                    raise
                time.sleep(wait)
                pause = min(2 * pause, LONGEST_PAUSE)


def pieces(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_raw()
    except httpx.HTTPError as error:
        raise UnreachableError(0, "The portal's answer was cut off", str(error), "Try again.") from error


def read(response: httpx.Response) -> bytes:
    return b"".join(pieces(response))


def segment(text: str) -> str:
    """One part of a path, whatever it is: `..` and slashes lead nowhere."""
    quoted = quote(str(text), safe="")
    return quoted.replace(".", "%2E") if quoted in (".", "..") else quoted


def _object(body: bytes) -> Json:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ApiError(0, "This is not a Slipway portal", "The answer is no JSON object.", "Check the address.")
    return answer


def _refusal(response: httpx.Response) -> ApiError:
    code = response.status_code
    try:
        problem = json.loads(_beginning(response))
    except (ValueError, ApiError):
        problem = None
    finally:
        response.close()
    if not isinstance(problem, dict):
        problem = {}
    kind = UnreachableError if code in (502, 503, 504) else ApiError
    errors = problem.get("errors")
    return kind(
        code,
        str(problem.get("title") or f"HTTP {code} {response.reason_phrase}"),
        str(problem.get("detail") or ""),
        str(problem.get("next") or ""),
        {str(field): str(text) for field, text in errors.items()} if isinstance(errors, dict) else None,
        retry_after=_seconds(response.headers.get("Retry-After", "")),
    )


def _beginning(response: httpx.Response) -> bytes:
    body = b""
    for piece in pieces(response):
        body += piece
        if len(body) > PROBLEM_BYTES:
            break
    return body


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
