"""What a page is about to ask for, as programs ask for it. Pure."""

from __future__ import annotations

import json
import shlex
from typing import Any

from portal.clusters.wishes import Wish

CLI = {"workers": "--workers", "flavor": "--flavor", "hours": "--hours", "framework": "--framework"}


def curl(url: str, wish: Wish) -> str:
    """The token is left to the environment: a command line can be read by all on the machine."""
    return (
        f"curl -X POST {shlex.quote(f'{url}/api/v1/clusters')} \\\n"
        '  -H "Authorization: Bearer $SLIPWAY_TOKEN" \\\n'
        '  -H "Content-Type: application/json" -H "Idempotency-Key: $(uuidgen)" \\\n'
        f"  -d {shlex.quote(json.dumps(request_of(wish), ensure_ascii=False))}"
    )


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
