"""The limits of a course and of its students."""

from __future__ import annotations

from typing import Any

import click

from ..output import credits_of
from ..session import Session
from ..transport import Json
from ..verbs import Verb, pass_session
from .members import course_argument

UNBOUND = "none"


@click.command(cls=Verb)
@course_argument
@pass_session
def limits(session: Session, course: str) -> None:
    """What a course and each student in it may have, exceptions, and who is over."""
    _present(session, session.client.limits(session.course(course)["id"]))


@click.command("set-limit", cls=Verb)
@course_argument
@click.argument("limit")
@click.argument("value", metavar="NUMBER|none")
@click.option("--each-student", is_flag=True, help="For each student, and not for the course as a whole.")
@click.option("--student", metavar="USERNAME", help="An exception for this one.")
@pass_session
def set_limit(session: Session, course: str, limit: str, value: str, each_student: bool, student: str | None) -> None:
    """Set one limit, as `course limits` names it. What runs goes on, also where it is over now."""
    if each_student and student:
        raise click.UsageError("Say either --each-student or --student.")
    found, wanted = session.course(course)["id"], None if value == UNBOUND else value
    present = session.client.limits(found)
    if student:
        named = {row["username"]: row["limits"] for row in present["exceptions"]}
        changed = session.client.set_exception(found, student, {**named.get(student, {}), limit: wanted})
    else:
        part = "each_student" if each_student else "course"
        both = {**present, part: {**present[part], limit: wanted}}
        changed = session.client.set_limits(found, both["course"], both["each_student"])
    _present(session, changed)


@click.command("as-others", cls=Verb)
@course_argument
@click.argument("student", metavar="USERNAME")
@pass_session
def as_others(session: Session, course: str, student: str) -> None:
    """Take back all exceptions of a student: the limits are those of each student."""
    found = session.course(course)["id"]
    session.client.remove_exception(found, student)
    _present(session, session.client.limits(found))


def _present(session: Session, limits: Json) -> None:
    if session.out.as_json:
        session.out.data(limits)
        return
    exceptions = {row["username"]: row["limits"] for row in limits["exceptions"]}
    columns = {
        "LIMIT": lambda row: row["name"],
        "COURSE": lambda row: _figure(limits["course"][row["name"]]),
        "EACH STUDENT": lambda row: _figure(limits["each_student"][row["name"]]),
        "EXCEPTIONS": lambda row: ", ".join(
            f"{username} {_figure(figures[row['name']])}"
            for username, figures in exceptions.items()
            if row["name"] in figures
        ),
    }
    session.out.table(columns, [{"name": name} for name in limits["course"]], "")
    for over in limits["over"]:
        session.out.say(f"Over: {over['username'] or 'the course'}: {over['detail']}")


def _figure(value: Any) -> str:
    return UNBOUND if value is None else credits_of(str(value))
