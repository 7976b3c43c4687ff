"""Courses."""

from __future__ import annotations

import click

from ..output import listed, moment
from ..session import Session
from ..transport import Json
from ..verbs import Noun, pass_session, yes_option
from .limits import limits, set_limit
from .members import add, members, remove, role, roster


@click.group(cls=Noun)
def course() -> None:
    """Courses, who is in them, and their limits. COURSE is a name or an id."""


for verb in (members, add, role, remove, roster, limits, set_limit):
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
@click.argument("course", metavar="COURSE")
@pass_session
def profiles(session: Session, course: str) -> None:
    """What its teachers made for clusters to be like: slipway cluster create NAME --profile PROFILE"""
    columns = {
        "NAME": lambda row: row["name"],
        "TEXT": lambda row: row["text"],
        "STUDENTS MAY CHANGE": lambda row: listed(row["may_change"]),
    }
    session.out.table(columns, session.client.profiles(session.course(course)["id"]), "This course has no profiles.")


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
@click.option("--keep-folders", "days", metavar="DAYS", type=click.IntRange(min=0), default=30, show_default=True)
@yes_option
@pass_session
def archive(session: Session, course: str, days: int, yes: bool) -> None:
    """End a course: its clusters end, its folders go after some days, its statement stays."""
    found = session.course(course)
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
            "Waiting for": course["waiting_for"],
            "Archived": moment(course["archived_at"]),
            "Folders until": moment(course["folders_until"]),
            "You may": ", ".join(deed.replace("_", " ") for deed in course["may"]),
        },
        course,
    )
