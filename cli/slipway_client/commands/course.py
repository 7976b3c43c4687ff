"""Courses."""

from __future__ import annotations

import click

from ..session import Session
from ..verbs import Noun, pass_session


@click.group(cls=Noun)
def course() -> None:
    """The courses that you are in."""


@course.command("list")
@pass_session
def list_courses(session: Session) -> None:
    """Your courses."""
    columns = {"NAME": lambda row: row["name"], "TITLE": lambda row: row["title"], "ID": lambda row: row["id"]}
    session.out.table(columns, session.client.courses(), "You are in no course. Ask your teacher.")


@course.command()
@click.argument("course", metavar="COURSE")
@pass_session
def show(session: Session, course: str) -> None:
    """One course, by its name or id."""
    found = session.course(course)
    session.out.record({"Name": found["name"], "Title": found["title"], "Id": found["id"]}, found)
