"""What a page is about to ask for, as programs ask for it. Pure."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import quote

from portal.clusters.wishes import Wish
from portal.web.form_calls import FormCall

CLI = {"workers": "--workers", "flavor": "--flavor", "hours": "--hours", "framework": "--framework"}


def curl(url: str, wish: Wish) -> str:
    return _curl("POST", f"{url}/api/v1/clusters", json.dumps(request_of(wish), ensure_ascii=False))


def of_form(url: str, call: FormCall, course: str, name: str) -> dict[str, str]:
    """`course` is the id of the course that the form is about, `name` its name."""
    body = "" if call.body is None else json.dumps(call.body, ensure_ascii=False).replace("{course}", course)
    address = f"{url}/api/v1/{call.path.replace('{course}', quote(course, safe=''))}"
    words = [word.replace("{course}", course).replace("{name}", name) for word in shlex.split(call.command)]
    return {"curl": _curl(call.method, address, body), "command": shlex.join(["slipway", *words])}


def _curl(method: str, address: str, body: str) -> str:
    """The token is left to the environment: a command line can be read by all on the machine."""
    key = ' -H "Idempotency-Key: $(uuidgen)"' if method == "POST" else ""
    parts = [
        f"curl -X {method} {shlex.quote(address)}",
        '-H "Authorization: Bearer $SLIPWAY_TOKEN"',
        *([f'-H "Content-Type: application/json"{key}', f"-d {shlex.quote(body)}"] if body else []),
    ]
    return " \\\n  ".join(parts)


def request_of(wish: Wish) -> dict[str, Any]:
    """The API's body that asks for it."""
    folders = [{name: value for name, value in vars(use).items() if value} for use in wish.folders]
    own = {name: getattr(wish, name) for name in ("course", "name", *CLI)}
    own |= {"profile": wish.profile} if wish.profile else {}
    return {**own, **({"folders": folders} if folders else {}), **wish.more}


def command(wish: Wish, course: str) -> str:
    """`course` is its name."""
    words = ["slipway", "cluster", "create", "--course", course]
    words += ["--profile", wish.profile] if wish.profile else []
    words += [word for name, option in CLI.items() for word in (option, str(getattr(wish, name)))]
    for use in wish.folders:
        path = f":{use.path}" if use.path else ""
        words += ["--folder", f"{use.folder}{path}{':ro' if use.access == 'ro' else ''}"]
    more = f" --spec <(echo {shlex.quote(json.dumps(dict(wish.more), ensure_ascii=False))})" if wish.more else ""
    # A name may look like an option.
    return f"{shlex.join(words)}{more} -- {shlex.quote(wish.name)}"
