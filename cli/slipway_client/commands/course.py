"""Courses."""

from __future__ import annotations

from typing import Any

import click

from ..moments import moment_typed
from ..output import moment
from ..session import Session
from ..transport import Json
from ..verbs import Noun, pass_session, yes_option
from .limits import UNBOUND, as_others, limits, set_limit, usage
from .members import add, group, members, remove, role, roster
from .previews import end_preview_option, present_preview


@click.group(cls=Noun)
def course() -> None:
    """Courses, who is in them, and their limits. COURSE is a name or an id."""


for verb in (members, add, role, remove, roster, group, usage, limits, set_limit, as_others):
    course.add_command(verb)


@course.command("list")
@pass_session
def list_courses(session: Session) -> None:
    """The courses that you may see."""
    columns = {
        "NAME": lambda row: row["name"],
        "TITLE": lambda row: row["title"],
        "BEGINS": lambda row: row["starts_on"],
        "ENDS": lambda row: row["ends_on"],
        "": lambda row: "archived" if row["archived_at"] else row["waiting_for"] and "being made",
    }
    session.out.table(columns, session.client.courses(), "You are in no course. Ask your teacher.")


@course.command()
@click.argument("course", metavar="COURSE")
@pass_session
def show(session: Session, course: str) -> None:
    """One course, and what you may do in it."""
    present(session, session.client.course(session.course(course)["id"]))


@course.command()
@click.argument("name")
@click.argument("title")
@click.option("--begins", metavar="DAY", default="", help="As 2026-09-01.")
@click.option("--ends", metavar="DAY", default="", help="As 2027-01-31.")
@click.option("--project", metavar="ID", default="", help="Of the cloud, where the portal makes none itself.")
@pass_session
def create(session: Session, name: str, title: str, begins: str, ends: str, project: str) -> None:
    """Make a course. NAME is for addresses and never changes, TITLE is for people."""
    present(session, session.client.create_course(name, title, project, begins, ends))


@course.command()
@click.argument("course", metavar="COURSE")
@click.option("--title", help="For people.")
@click.option("--begins", "starts_on", metavar="DAY|none", help="As 2026-09-01.")
@click.option("--ends", "ends_on", metavar="DAY|none", help="As 2027-01-31.")
@click.option("--profiles-only/--anything", default=None, help="Whether students create from its profiles only.")
@click.option("--idle-minutes", metavar="N|none", help="A cluster that nobody uses ends after so many.")
@click.option(
    "--idle-off-until", metavar="TIME", type=moment_typed, help="Until then none ends for being idle, as in a lecture."
)
@pass_session
def change(session: Session, /, course: str, **said: Any) -> None:
    """Change a course: what is said, and nothing else."""
    changes = {name: None if value == UNBOUND else value for name, value in said.items() if value is not None}
    if not changes:
        raise click.UsageError("Say what shall be changed.")
    present(session, session.client.change_course(session.course(course)["id"], changes))


@course.command()
@click.argument("course", metavar="COURSE")
@click.option("--keep-folders", "days", metavar="DAYS", type=click.IntRange(min=0), default=30, show_default=True)
@end_preview_option
@yes_option
@pass_session
def archive(session: Session, course: str, days: int, preview: bool, yes: bool) -> None:
    """End a course: its clusters end, its folders go after some days, its statement stays."""
    found = session.course(course)
    if preview:
        present_preview(session, session.client.archive_course(found["id"], preview=True))
        return
    session.confirm(f"All clusters of {found['name']} end; its folders are kept for {days} days.", yes=yes)
    present(session, session.client.archive_course(found["id"], found["name"], days))


def present(session: Session, course: Json) -> None:
    session.out.record(
        {
            "Name": course["name"],
            "Title": course["title"],
            "Id": course["id"],
            "Project": course["project"],
            "Begins": course["starts_on"],
            "Ends": course["ends_on"],
            "Profiles only": "yes" if course["profiles_only"] else None,
            "Idle clusters end after": course["idle_minutes"] and f"{course['idle_minutes']} min",
            "None of them before": moment(course["idle_off_until"]),
            "Waiting for": course["waiting_for"],
            "Archived": moment(course["archived_at"]),
            "Folders until": moment(course["folders_until"]),
            "You may": ", ".join(deed.replace("_", " ") for deed in course["may"]),
        },
        course,
    )
