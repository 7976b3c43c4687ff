"""`cluster create`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click

from .. import safe_text
from ..exits import Exit
from ..output import credits_of
from ..session import Session, Stop
from ..transport import Json
from ..verbs import Verb, course_option, pass_session, seconds_option, wait_option
from ..watching import watch_cluster

WITHOUT_PROFILE = {"framework": "spark", "workers": 2, "flavor": "small", "hours": 4}
ACCESS = ("rw", "ro")
spec_option = click.option(
    "--spec",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE.json",
    help="What else it shall be, by the names of docs/cluster-spec.md.",
)


@click.command(cls=Verb)
@click.argument("name")
@course_option
@click.option("--profile", metavar="NAME", help="One of the course's; what is not said is as it says.")
@click.option("--workers", metavar="N", type=click.IntRange(min=1), help="How many.  [2]")
@click.option("--flavor", metavar="NAME", help="Of all its machines.  [small]")
@click.option("--hours", metavar="N", type=click.IntRange(min=1), help="It ends after so many.  [4]")
@click.option("--framework", metavar="NAME", help="The software.  [spark]")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    metavar="FOLDER[:PATH[:ro]]",
    help="A folder that its jobs find at PATH, to read only with `ro`; may be said several times.",
)
@spec_option
@click.option("--key", metavar="TEXT", help="An Idempotency-Key: said again with the same wish, it stays one cluster.")
@click.option("--dry-run", is_flag=True, help="Make nothing; show price and request.")
@wait_option
@seconds_option
@pass_session
def create(
    session: Session,
    /,
    name: str,
    course: str | None,
    profile: str | None,
    folders: tuple[str, ...],
    spec: Path | None,
    key: str | None,
    dry_run: bool,
    wait: bool,
    seconds: float,
    **size: Any,
) -> int:
    """Make a cluster."""
    where = session.course(course)["id"]
    wish: Json = {
        **(spec_of(spec) if spec else {}),
        "course": where,
        "name": name,
        **({"profile": session.profile(where, profile)["id"]} if profile else WITHOUT_PROFILE),
        **{part: said for part, said in size.items() if said is not None},
    }
    if folders:
        wish["folders"] = [_use(session, folder) for folder in folders]
    if dry_run:
        return show_price(session, wish)
    made = session.client.create(wish, key or "")
    if wait:
        return watch_cluster(session, made, seconds)
    if session.out.as_json:
        session.out.data(made)
    else:
        session.out.line(f"{made['name']}: {made['status']} ({made['id']})")
        session.out.say(f"`slipway cluster watch {shlex.quote(safe_text.line(made['name']))}` shows how far it is.")
    return Exit.DONE


def show_price(session: Session, wish: Json) -> Exit:
    """What it would cost, and the request; the exit status says whether it would be refused."""
    price = session.client.price(wish)
    request = {"method": "POST", "url": f"{session.login.url}/api/v1/clusters", "body": wish}
    if session.out.as_json:
        session.out.data({"price": price, "request": request})
    else:
        told = {"Credits an hour": "hourly", "Until its end": "until_end", "What remains now": "remaining"}
        session.out.record({name: credits_of(price[key]) for name, key in told.items()}, price)
        for excess in price["excesses"]:
            session.out.say(f"It would be refused: {excess['detail']}")
        session.out.say(price["advice"])
        session.out.line(as_curl(request))
    return Exit.DONE if price["fits"] else Exit.REFUSED


def as_curl(request: Json) -> str:
    """The same as a line for a shell. The token is left to the environment: a command line can be read by all."""
    return (
        f"curl -X {request['method']} {shlex.quote(request['url'])} \\\n"
        '     -H "Authorization: Bearer $SLIPWAY_TOKEN" -H "Content-Type: application/json" \\\n'
        '     -H "Idempotency-Key: $(uuidgen)" \\\n'
        f"     -d {shlex.quote(safe_text.as_json(request['body']))}"
    )


def _use(session: Session, text: str) -> Json:
    """FOLDER, FOLDER:PATH or FOLDER:PATH:ro."""
    folder, *rest = text.split(":")
    use = {"folder": session.folder_id(folder)}
    if rest and rest[-1] in ACCESS:
        use["access"] = rest.pop()
    if len(rest) > 1 or (rest and not rest[0].startswith("/")):
        raise click.UsageError(f"--folder {text}: say FOLDER, FOLDER:/PATH or FOLDER:/PATH:ro.")
    return {**use, "path": rest[0]} if rest else use


def spec_of(file: Path) -> Json:
    try:
        more = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Stop(f"{file} is not to be read as JSON: {error}", Exit.USAGE) from None
    if not isinstance(more, dict):
        raise Stop(f"{file} must hold a JSON object, as docs/cluster-spec.md says.", Exit.USAGE)
    return more
