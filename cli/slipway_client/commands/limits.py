"""The limits of a course and of its students."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import click

from ..errors import ApiError
from ..output import Cell, credits_of
from ..session import Session
from ..transport import Json
from ..verbs import Verb, pass_session
from .members import course_argument

UNBOUND = "none"


@click.command(cls=Verb)
@course_argument
@pass_session
def limits(session: Session, course: str) -> None:
    """What a course and each student in it may have, exceptions, and who is over. For those who lead it."""
    _present(session, session.client.limits(session.course(course)["id"]))


@click.command(cls=Verb)
@course_argument
@pass_session
def usage(session: Session, course: str) -> None:
    """What you may have in a course, and have; of the whole course too, where you lead it."""
    found = session.client.usage(session.course(course)["id"])
    if session.out.as_json:
        session.out.data(found)
        return
    columns: dict[str, Cell] = {"LIMIT": lambda row: row["name"], **_bounded("YOU HAVE", "YOU MAY HAVE", found["mine"])}
    if whole := found["course"]:
        columns |= _bounded("COURSE HAS", "COURSE MAY HAVE", whole)
    session.out.table(columns, [{"name": name} for name in found["mine"]["limits"]], "")


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
    with _as_seen(f"slipway course limits {course}"):
        if student:
            present, etag = session.client.seen_exception(found, student)
            both = {**present["limits"], limit: wanted}
            changed = session.client.set_exception(found, student, both, if_match=etag)
        else:
            present, etag = session.client.seen_limits(found)
            part = "each_student" if each_student else "course"
            both = {**present, part: {**present[part], limit: wanted}}
            changed = session.client.set_limits(found, both["course"], both["each_student"], if_match=etag)
    _present(session, changed)


@contextmanager
def _as_seen(look: str) -> Iterator[None]:
    """Where somebody else was quicker, what to do is said as a command: of ETags who types nothing knows."""
    try:
        yield
    except ApiError as error:
        if error.status == HTTPStatus.PRECONDITION_FAILED:
            error.next = f"Look at it by `{look}`, and say this again."
        raise


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


def _bounded(has: str, may_have: str, bounded: Json) -> dict[str, Cell]:
    used, limits = bounded["used"], bounded["limits"]
    return {
        has: lambda row: credits_of(str(used.get(row["name"], ""))),
        may_have: lambda row: _figure(limits[row["name"]]),
    }


def _figure(value: Any) -> str:
    return UNBOUND if value is None else credits_of(str(value))
