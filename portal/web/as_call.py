"""What a page is about to ask for, as programs ask for it. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.core.serializers.json import DjangoJSONEncoder

from portal.clusters.wishes import Wish
from portal.web.form_calls import FormCall

COURSE = {"course": "COURSE", "course_name": "COURSE"}  # where neither the page nor the form names one
CLI = {"workers": "--workers", "flavor": "--flavor", "hours": "--hours", "framework": "--framework"}


def of_wish(url: str, wish: Wish, course: str) -> dict[str, str]:
    """For a new cluster; `course` is the name of its course."""
    request = _json(request_of(wish))
    return {"curl": _curl("POST", f"{url}/api/v1/clusters", request), "command": command(wish, course)}


def of_form(
    url: str, call: FormCall, known: Mapping[str, Any], typed: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """`known` is what the page says by itself, as its course; `typed` is None where nothing was sent yet."""
    said = {**COURSE, **(call.example if typed is None else typed), **known}
    values = json.loads(json.dumps(said, cls=DjangoJSONEncoder))
    wanted = {name: values[name] for name in call.body if name in call.arguments or _is_said(values.get(name))}
    body = next(iter(wanted.values())) if call.whole else {**wanted, **call.fixed}
    address = f"{url}/api/v1/{re.sub('{(.+?)}', lambda name: quote(str(values[name[1]]), safe=''), call.path)}"
    return {"curl": _curl(call.method, address, _json(body) if body else ""), "command": _command(call, values)}


def _command(call: FormCall, values: Mapping[str, Any]) -> str:
    arguments = [str(values[name]) for name in call.arguments]
    options = [_option(option, values[name]) for name, option in call.options.items() if _is_said(values.get(name))]
    start, options = ["slipway", call.command], [*options, *call.flags]
    quoted = [shlex.quote(argument) for argument in arguments]
    # One that looks like an option stands at the end.
    dashed = any(argument.startswith("-") for argument in arguments)
    return " ".join([*start, *options, "--", *quoted] if dashed else [*start, *quoted, *options])


def _is_said(value: Any) -> bool:
    """What was left empty need not be sent."""
    return value is not False and value not in (None, "", [])


def _option(option: str, value: Any) -> str:
    if value is True:
        return option
    if isinstance(value, Mapping):
        return f"{option} {_file(value)}"
    return " ".join(f"{option} {shlex.quote(str(each))}" for each in (value if isinstance(value, list) else [value]))


def _file(content: Mapping[str, Any]) -> str:
    """For an option that takes a file."""
    return f"<(echo {shlex.quote(_json(content))})"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


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
    more = f" --spec {_file(dict(wish.more))}" if wish.more else ""
    # A name may look like an option.
    return f"{shlex.join(words)}{more} -- {shlex.quote(wish.name)}"
