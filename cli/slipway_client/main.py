"""The command `slipway`: its verbs, and what becomes of refusals."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from . import safe_text
from .commands.admin import admin
from .commands.billing import billing
from .commands.classes import of_class
from .commands.cluster import cluster
from .commands.completion import PROGRAM, VARIABLE, completion
from .commands.course import course
from .commands.folder import folder
from .commands.job import job
from .commands.login import login, logout, whoami
from .commands.me import me
from .commands.offers import offers
from .commands.profile import profile
from .commands.token import token
from .commands.trail import trail
from .errors import ApiError
from .exits import Exit, of_error
from .logins import LoginsError
from .session import Session, Stop


@click.group()
def root() -> None:
    """A Spark cluster on OpenStack in three steps: log in, create, ready.

    SLIPWAY_URL and SLIPWAY_TOKEN go before what `slipway login` has kept.
    """


NOUNS = (course, profile, of_class, cluster, job, folder, billing, token, trail, admin)
for verb in (login, logout, whoami, me, offers, *NOUNS, completion):
    root.add_command(verb)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: see exits.py."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may lack letters
    session = Session()
    code = reported(session, lambda: root.main(arguments, PROGRAM, VARIABLE, standalone_mode=False, obj=session))
    return int(code or Exit.DONE)


def reported(session: Session, run: Callable[[], Any]) -> Any:
    """What `run` gives, or the exit status of what it raises, which is told."""
    try:
        return run()
    except click.Abort:
        session.out.say("Interrupted.")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        _tell(session, {"title": error.format_message()}, _usage(error) + error.format_message())
        return error.code if isinstance(error, Stop) else error.exit_code
    except ApiError as error:
        code = of_error(error)
        _tell(session, error.as_problem(), "\n".join(error.parts()))
        return code
    except TimeoutError as error:
        _tell(session, {"title": "Not over yet", "detail": str(error)}, str(error))
        return Exit.TOO_LONG
    except (LoginsError, OSError) as error:
        _tell(session, {"title": "A file here cannot be used", "detail": str(error)}, str(error))
        return Exit.FAILED


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.get_usage()}\n\n" if context else ""


def _tell(session: Session, problem: dict[str, Any], text: str) -> None:
    if session.out.as_json:
        print(safe_text.as_json(problem), file=sys.stderr)
    else:
        session.out.say(text)
