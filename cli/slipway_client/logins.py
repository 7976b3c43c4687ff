"""Which portal, and as whom: the environment's word, else a file that only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

URL, TOKEN, HERE = "SLIPWAY_URL", "SLIPWAY_TOKEN", "SLIPWAY_URL_HERE"
OTHERS = 0o077


class LoginsError(Exception):
    """The file of log-ins cannot be used as it is."""


@dataclass(frozen=True)
class Login:
    url: str
    token: str = ""
    username: str = ""
    token_id: str = ""


def file_of(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_CONFIG_HOME") or str(Path(environment.get("HOME") or "~").expanduser() / ".config")
    return Path(base) / "slipway" / "logins.json"


def read(file: Path) -> dict[str, Any]:
    """{"current": URL, "portals": {URL: {"username", "token", "token_id"}}}; empty where there is no file."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return {"current": "", "portals": {}}
    except OSError as error:
        raise LoginsError(f"{file} cannot be read: {error.strerror}.") from None
    with os.fdopen(descriptor, encoding="utf-8") as opened:
        if os.fstat(descriptor).st_mode & OTHERS:
            raise LoginsError(f"{file} holds tokens, and others can read it: `chmod 600 {file}`.")
        try:
            known = json.load(opened)
            return {"current": str(known["current"]), "portals": dict(known["portals"])}
        except (ValueError, KeyError, TypeError):
            raise LoginsError(f"{file} is damaged: remove it and log in again.") from None


def write(file: Path, known: Mapping[str, Any]) -> None:
    """Whole or not at all, and at no moment open to others."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".logins-")  # 0600 from its first moment
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                json.dump(known, opened, indent=1)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise LoginsError(f"{file} cannot be written: {error.strerror}.") from None


def remember(file: Path, login: Login) -> None:
    """From now on this is whom the command is."""
    known = read(file)
    entry = {"username": login.username, "token": login.token, "token_id": login.token_id}
    known["portals"][login.url] = entry
    write(file, {**known, "current": login.url})


def forget(file: Path, url: str) -> None:
    known = read(file)
    known["portals"].pop(url, None)
    write(file, {**known, "current": "" if known["current"] == url else known["current"]})


def current(environment: Mapping[str, str]) -> Login:
    """SLIPWAY_URL and SLIPWAY_TOKEN go before the file; a token of the file goes only to its own portal.

    SLIPWAY_URL_HERE is a launcher's word for the portal beside it, where nobody says another.
    """
    login = kept(environment)
    token = environment.get(TOKEN)
    return Login(login.url, token) if token else login


def kept(environment: Mapping[str, str]) -> Login:
    """What the file knows of the portal that is meant."""
    known = read(file_of(environment))
    url = (environment.get(URL) or known["current"] or environment.get(HERE, "")).rstrip("/")
    entry = known["portals"].get(url, {})
    return Login(url, *(str(entry.get(name, "")) for name in ("token", "username", "token_id")))
