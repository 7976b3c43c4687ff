"""Secrets that stand in files, as engines of containers and systemd hand them over: NAME_FILE in the place of NAME."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

SUFFIX = "_FILE"
NAMES = (
    *("SLIPWAY_SECRET_KEY", "SLIPWAY_SECRET_KEY_FALLBACKS", "SLIPWAY_DATABASE_PASSWORD", "SLIPWAY_REDIS_PASSWORD"),
    *("SLIPWAY_MAIL_URL", "SLIPWAY_PROVISIONER_PASSWORD", "OS_PASSWORD"),
)


def read(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What the files say, by the names of the settings; and what is wrong, by the names of the variables."""
    found, wrong = {}, {}
    for name in NAMES:
        variable = name + SUFFIX
        if not (file := environ.get(variable)):
            continue
        try:
            found[name] = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            wrong[variable] = f"cannot be read: {error}"
            continue
        if environ.get(name, found[name]) != found[name]:
            wrong[variable] = f"{name} is set too, and says something else: one of them is enough"
    return found, wrong


def with_password(url: str, password: str) -> str:
    """Redis' address with the password in it, if there is one."""
    if not password:
        return url
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}:{quote(password, safe='')}@{host}").geturl()
