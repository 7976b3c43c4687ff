"""Who did what."""

from __future__ import annotations

import json

import click

from ..moments import moment_typed
from ..output import Cell, moment
from ..session import Session
from ..verbs import Verb, pass_session


@click.command(cls=Verb)
@click.option("--course", metavar="COURSE", help="In this one only, by its name or id.")
@click.option("--subject", metavar="ID", default="", help="What was done to this thing.")
@click.option("--actor", metavar="USERNAME", default="", help="What this person did.")
@click.option("--since", metavar="TIME", type=moment_typed, help='As "2026-11-23 10:00", by the clock here.')
@click.option("--most", metavar="N", type=click.IntRange(1, 10000), default=50, show_default=True, help="So many.")
@pass_session
def trail(session: Session, course: str | None, subject: str, actor: str, since: str | None, most: int) -> None:
    """Who did what to which thing, when and by which way; the latest first.

    Teachers see their courses, administrators everything.
    """
    named = session.course(course)["name"] if course else ""
    rows = session.client.trail(most, named, subject, actor, since or "")
    session.out.table(COLUMNS, rows, "There is nothing of that.")


COLUMNS: dict[str, Cell] = {
    "AT": lambda row: moment(row["at"]),
    "WHO": lambda row: row["actor"] or "the portal",
    "BY": lambda row: row["way"],
    "WHAT": lambda row: row["action"],
    "OF": lambda row: row["name"] or row["subject"],
    "COURSE": lambda row: row["course"],
    "AFTER": lambda row: row["after"] and json.dumps(row["after"], ensure_ascii=False),
}
