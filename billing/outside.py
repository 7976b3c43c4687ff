"""The university's own billing, where it decides. It is called with the verbs that OpenStack's Blazar uses, and
answers as it does: a success is a yes, a refusal with a reason is a no. All else is silence."""

from __future__ import annotations

import asyncio
import functools
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

LONGEST = 3.0  # seconds for all of one call, as a person waits for it
LARGEST = 65_536  # bytes of an answer
LONGEST_REASON = 300  # characters
LOOPBACK = ("localhost", "127.0.0.1", "::1")
REFUSE, ALLOW = "refuse", "allow"
# Of a billing that does not know us, or has no time: no word on what was asked, whatever stands beside it.
NO_WORD = {401, 407, 408, 425, 429}
A_NO = {402, 403, 409, 422}  # also without a reason


class Refused(Exception):
    """Its no, with its reason."""


class Silent(Exception):
    """No answer in time, or none that says yes or no."""


class WrongSettings(Exception):
    """`wrong` maps the name of each wrong variable to what is wrong with it."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        self.wrong = dict(wrong)
        super().__init__("; ".join(f"{name}: {why}" for name, why in self.wrong.items()))


@dataclass(frozen=True)
class Service:
    """`lends_in_silence`: what it says nothing of may be lent, and is settled later."""

    url: str
    token: str = field(repr=False)
    lends_in_silence: bool = False


def read(environ: Mapping[str, str]) -> Service | None:
    """None where there is none. Raises WrongSettings."""
    url, silence = environ.get("SLIPWAY_BILLING_URL", ""), environ.get("SLIPWAY_BILLING_SILENCE") or REFUSE
    if not url:
        return None
    token, wrong = _token(environ)
    if why := _wrong_address(url):
        wrong["SLIPWAY_BILLING_URL"] = why
    if silence not in (REFUSE, ALLOW):
        wrong["SLIPWAY_BILLING_SILENCE"] = f"must be {REFUSE} or {ALLOW}"
    if wrong:
        raise WrongSettings(wrong)
    return Service(url.rstrip("/"), token, silence == ALLOW)


def call(service: Service, verb: str, body: Mapping[str, Any], key: str = "") -> None:
    """Returns where it says yes. What has the same `key` is the same call again. Raises Refused, Silent."""
    # A loop of its own, as asyncio.run would wait for a name that is still being looked up when the time is over.
    loop = asyncio.SelectorEventLoop()
    try:
        status, said = loop.run_until_complete(asyncio.wait_for(_exchange(service, verb, body, key), LONGEST))
    except TimeoutError:
        raise Silent(f"no answer within {LONGEST:.0f} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise Silent(str(error) or type(error).__name__) from error
    finally:
        loop.close()
    _heed(status, said)


async def _exchange(service: Service, verb: str, body: Mapping[str, Any], key: str) -> tuple[int, bytes]:
    """No redirect, proxy or .netrc has a say in where the token goes, and no compression in how long an answer is."""
    headers = {"Authorization": f"Bearer {service.token}", "Accept-Encoding": "identity"}
    if key:
        headers["Idempotency-Key"] = key
    said = b""
    async with (
        httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=LONGEST, verify=_trusted()) as client,
        client.stream("POST", f"{service.url}/{verb}", json=dict(body), headers=headers) as answer,
    ):
        async for piece in answer.aiter_raw():
            said += piece
            if len(said) > LARGEST:
                raise Silent(f"an answer of more than {LARGEST} bytes")
    return answer.status_code, said


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The authorities that this machine trusts: a campus often has its own."""
    return ssl.create_default_context()


def _heed(status: int, said: bytes) -> None:
    document = _document(said)
    if 200 <= status < 300:
        if said.strip() and document is None:  # some server's page, and not the billing's word
            raise Silent(f"status {status} with what is no JSON object")
        return
    reason = _reason(document or {})
    if 400 <= status < 500 and status not in NO_WORD and (reason or status in A_NO):
        raise Refused(reason or f"it gives no reason (status {status})")
    raise Silent(f"status {status}")


def _document(said: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _reason(document: Mapping[str, Any]) -> str:
    """Of Blazar's answers or of a problem document, in one line."""
    said = document.get("message") or document.get("detail")
    if not isinstance(said, str):
        return ""
    return "".join(each for each in " ".join(said.split()) if each.isprintable())[:LONGEST_REASON]


def _token(environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The token, or what is wrong with it: it goes into a header."""
    name, token = "SLIPWAY_BILLING_TOKEN", environ.get("SLIPWAY_BILLING_TOKEN", "")
    if file := environ.get("SLIPWAY_BILLING_TOKEN_FILE"):
        name = "SLIPWAY_BILLING_TOKEN_FILE"
        try:
            token = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            return "", {name: f"cannot be read: {error}"}
    if not token:
        return "", {name: "missing: what the university's billing knows the portal by"}
    if not (token.isascii() and token.isprintable()) or " " in token:
        return "", {name: "must be one line of ASCII without spaces"}
    return token, {}


def _wrong_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        return "must be an https address, without a name, a query or a fragment"
    if parts.scheme == "http" and host not in LOOPBACK:
        return "must be https, as a token goes there"
    return ""
