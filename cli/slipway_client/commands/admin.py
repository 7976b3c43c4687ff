"""For administrators."""

from __future__ import annotations

from datetime import timedelta

import click

from ..exits import Exit
from ..output import Cell, duration, listed, moment
from ..session import Session
from ..transport import Json
from ..verbs import Noun, pass_session
from .services import appoint, course_makers, create_service, dismiss, services

LAST_EVENTS = 20
FINDINGS = ("charged-but-gone", "running-but-not-charged", "missing", "orphaned", "differing", "stranger")


@click.group(cls=Noun)
def admin() -> None:
    """For administrators: what the cloud has beside what the portal believes, and whom the portal trusts."""


for verb in (services, create_service, course_makers, appoint, dismiss):
    admin.add_command(verb)


@admin.command()
@click.option("--course", metavar="COURSE", help="Of this one only, by its name or id.")
@click.option("--finding", type=click.Choice(FINDINGS), help="Only those of which this is true.")
@pass_session
def stacks(session: Session, course: str | None, finding: str | None) -> int:
    """The stacks of all courses, what the portal believes of them and the ledger charges, and what does not fit.

    The exit status is 1 where the cloud did not answer for a course, so that the list is not whole.
    """
    found = session.client.stacks(session.course(course)["id"] if course else "", finding or "")
    return _compared(session, found, COLUMNS)


@admin.command()
@click.option("--course", metavar="COURSE", help="Of this one only, by its name or id.")
@click.option("--finding", type=click.Choice(FINDINGS), help="Only those of which this is true.")
@pass_session
def shares(session: Session, course: str | None, finding: str | None) -> int:
    """The shares of all courses, what the portal believes of their folders and the ledger charges, and what does not
    fit.

    The exit status is as that of `stacks`.
    """
    found = session.client.shares(session.course(course)["id"] if course else "", finding or "")
    return _compared(session, found, SHARES)


def _compared(session: Session, found: Json, columns: dict[str, Cell]) -> int:
    if session.out.as_json:
        session.out.data(found)
    else:
        session.out.table(columns, found["results"], "There is nothing to be shown.")
    for silent in found["unanswered"]:
        session.out.say(f"{silent['course_name']}: {silent['why']}")
    return Exit.FAILED if found["unanswered"] else Exit.DONE


@admin.command()
@click.argument("stack", metavar="STACK")
@click.option("--template", is_flag=True, help="Print its template instead, without what is secret.")
@pass_session
def stack(session: Session, stack: str, template: bool) -> None:
    """One stack, by the id that Heat has for it: its resources, what happened to it, what blocks it."""
    row = session.client.stack(stack)
    if template and not session.out.as_json:
        session.out.line(row["template"])
        return
    session.out.record(
        {
            **{name.title(): cell(row) for name, cell in COLUMNS.items()},
            "Findings": "\n".join(f"{name}: {words}" for name, words in row["findings"].items()),
            "Reason": (row["stack"] or {}).get("reason"),
            "In this state since": moment(row["in_state_since"]),
            "Blocked by": row["blocker"] and f"{row['blocker']['name']}: {row['blocker']['reason']}",
            "Resources": len(row["resources"]),
        },
        row,
    )
    if not session.out.as_json:
        session.out.table(RESOURCES, row["resources"], "It has no resources.")
        session.out.table(EVENTS, row["events"][:LAST_EVENTS], "Heat tells of no events.")


@admin.command()
@pass_session
def letters(session: Session) -> None:
    """Letters that did not arrive, and what the mail server said."""
    session.out.table(LETTERS, session.client.letters(), "All letters arrived.")


@admin.command()
@pass_session
def notices(session: Session) -> None:
    """What the university's billing has not taken of what became of clusters, and what it said."""
    session.out.table(NOTICES, session.client.notices(), "It has taken all that it was told.")


def _of(row: Json, part: str, name: str) -> object:
    """Of the stack, the cluster or the charge, each of which there may be none."""
    return (row[part] or {}).get(name)


def _age(stack: Json | None) -> str:
    """How long it has been in its state."""
    if stack is None or stack["age_seconds"] is None:
        return ""
    return duration(timedelta(seconds=stack["age_seconds"]))


def _charged(charge: Json | None, name: str, unit: str) -> str:
    """How much of it the ledger counts now, and until when all is charged."""
    if charge is None:
        return "nothing"
    now = f"{charge[name]} {unit}" if charge[name] else "ended"
    return f"{now} to {moment(charge['charged_to'])}" if charge["charged_to"] else now


COLUMNS: dict[str, Cell] = {
    "COURSE": lambda row: row["course_name"],
    "CLUSTER": lambda row: row["cluster"] and f"{row['cluster']['owner']}/{row['cluster']['name']}",
    "PORTAL": lambda row: _of(row, "cluster", "status"),
    "STACK": lambda row: _of(row, "stack", "id") or _of(row, "stack", "name"),
    "HEAT": lambda row: _of(row, "stack", "status"),
    "FOR": lambda row: _age(row["stack"]),
    "LEDGER": lambda row: _charged(row["charge"], "nodes", "nodes"),
    "FINDINGS": lambda row: listed(row["findings"]),
}
RESOURCES: dict[str, Cell] = {
    "NAME": lambda row: row["name"],
    "TYPE": lambda row: row["type"],
    "STATUS": lambda row: row["status"],
    "REASON": lambda row: row["reason"],
}
EVENTS: dict[str, Cell] = {
    "AT": lambda row: moment(row["at"]),
    "RESOURCE": lambda row: row["resource"],
    "STATUS": lambda row: row["status"],
    "REASON": lambda row: row["reason"],
}
SHARES: dict[str, Cell] = {
    "COURSE": lambda row: row["course_name"],
    "FOLDER": lambda row: row["folder"] and f"{row['folder']['maker']}/{row['folder']['name']}",
    "PORTAL": lambda row: _of(row, "folder", "status"),
    "SHARE": lambda row: _of(row, "share", "id"),
    "MANILA": lambda row: _of(row, "share", "status"),
    "GB": lambda row: _of(row, "share", "size_gb"),
    "LEDGER": lambda row: _charged(row["charge"], "size_gb", "GB"),
    "FINDINGS": lambda row: listed(row["findings"]),
}
LETTERS: dict[str, Cell] = {
    "TO": lambda row: row["to"],
    "SUBJECT": lambda row: row["subject"],
    "SINCE": lambda row: moment(row["made_at"]),
    "NEXT TRY": lambda row: moment(row["next_at"]) if row["state"] == "waiting" else "none",
    "SAID": lambda row: row["trouble"],
}
NOTICES: dict[str, Cell] = {
    "CLUSTER": lambda row: row["lease"],
    "VERB": lambda row: row["verb"],
    "SINCE": lambda row: moment(row["made_at"]),
    "TRIES": lambda row: row["attempts"],
    "NEXT TRY": lambda row: moment(row["next_at"]),
    "SAID": lambda row: row["trouble"],
}
