"""What teachers do for a whole class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import safe_text
from ..exits import Exit
from ..moments import moment_typed
from ..output import Cell, listed, moment
from ..session import Session, Stop
from ..transport import Json
from ..verbs import Noun, pass_session
from .create import WITHOUT_PROFILE, spec_of, spec_option
from .members import course_argument
from .previews import present_preview, preview_option

action_argument = click.argument("action", metavar="ID")


@click.group("class", cls=Noun)
def of_class() -> None:
    """Clusters of a whole class: have them ready at a time, put their ends off, end them all."""


@of_class.command()
@course_argument
@click.option(
    "--ready-at", metavar="TIME", type=moment_typed, required=True, help='As "2026-11-23 10:00", by the clock here.'
)
@click.option("--name", default="class", show_default=True, help="Of each cluster.")
@click.option("--profile", metavar="NAME", help="One of the course's; what is not said is as it says.")
@click.option("--workers", metavar="N", type=click.IntRange(min=1), help="How many.  [2]")
@click.option("--flavor", metavar="NAME", help="Of all machines.  [small]")
@click.option("--hours", metavar="N", type=click.IntRange(min=1), help="They end so many after that time.  [4]")
@spec_option
@click.option("--student", "students", metavar="USERNAME", multiple=True, help="For these only; else for all.")
@click.option("--at-once", metavar="N", type=click.IntRange(min=1), default=10, show_default=True, help="Side by side.")
@preview_option
@pass_session
def start(
    session: Session,
    /,
    course: str,
    ready_at: str,
    name: str,
    profile: str | None,
    spec: Path | None,
    students: tuple[str, ...],
    at_once: int,
    preview: bool,
    **size: Any,
) -> None:
    """Have a cluster ready for each student at a time. It begins as early as the last one needs.

    Each is made within the limits; `slipway class show` says who did not get one and why.
    """
    where = session.course(course)["id"]
    wish: Json = {
        **(spec_of(spec) if spec else {}),
        "name": name,
        **({"profile": session.profile(where, profile)["id"]} if profile else WITHOUT_PROFILE),
        **{part: said for part, said in size.items() if said is not None},
    }
    present(session, session.client.start_class(where, wish, ready_at, students or None, at_once, preview=preview))


@of_class.command("extend-all")
@course_argument
@click.argument("hours", metavar="HOURS", type=click.IntRange(min=1))
@preview_option
@pass_session
def extend_all(session: Session, course: str, hours: int, preview: bool) -> None:
    """Let each cluster of a course live for so many hours more, within the limits."""
    present(session, session.client.extend_all(session.course(course)["id"], hours, preview=preview))


@of_class.command("end-all")
@course_argument
@click.option("--confirm", metavar="NAME", default="", help="The course's name, so that nobody is asked for it.")
@preview_option
@pass_session
def end_all(session: Session, course: str, confirm: str, preview: bool) -> None:
    """End all clusters of a course, with everything in their HDFS. Folders, logs and output stay."""
    found = session.course(course)
    if not preview:
        confirm = confirm or session.ask(f"All clusters of {found['name']} end. Its name again", "--confirm NAME")
    if not preview and confirm != found["name"]:
        raise Stop(f"The course's name is {found['name']}. Nothing was done.", Exit.USAGE)
    present(session, session.client.end_all(found["id"], confirm, preview=preview))


@of_class.command("list")
@course_argument
@pass_session
def list_actions(session: Session, course: str) -> None:
    """All that was begun for a class: starts, and ends that were put off or came; the latest first."""
    rows = session.client.class_actions(session.course(course)["id"])
    own: dict[str, Cell] = {"WHAT": lambda row: row["kind"], "BEGINS": lambda row: moment(row["begins_at"])}
    session.out.table({**ID, **own, **HOW_FAR}, rows, NOTHING)


@of_class.command()
@course_argument
@pass_session
def starts(session: Session, course: str) -> None:
    """When clusters were, or are to be, made for a class; the latest first."""
    rows = session.client.class_starts(session.course(course)["id"])
    session.out.table({**ID, "READY AT": lambda row: moment(row["ready_at"]), **HOW_FAR}, rows, NOTHING)


@of_class.command()
@course_argument
@action_argument
@pass_session
def show(session: Session, course: str, action: str) -> None:
    """What became of one of these: who got it, who did not and why."""
    present(session, session.client.class_action(session.course(course)["id"], action))


@of_class.command()
@course_argument
@action_argument
@pass_session
def cancel(session: Session, course: str, action: str) -> None:
    """Call off what still waits; what is done stays."""
    present(session, session.client.cancel_class_action(session.course(course)["id"], action))


def present(session: Session, answer: Json) -> None:
    """A preview, or what was begun."""
    if "outcomes" in answer:
        present_preview(session, answer)
    elif session.out.as_json:
        session.out.data(answer)
    else:
        shown = {"Ready at": moment(answer["ready_at"]), "Begins": moment(answer["begins_at"])}
        session.out.record({"Id": answer["id"], **shown, "State": state_of(answer), "Parts": parts_of(answer)}, answer)
        session.out.table(PARTS, answer["rows"], "Whom it is for is known when it begins.")
        if not answer["ended_at"]:
            session.out.say(f"`slipway class show {safe_text.line(answer['course'])} {answer['id']}` tells more later.")


def state_of(action: Json) -> str:
    return "over" if action["ended_at"] else "running" if action["began_at"] else "waiting"


def parts_of(action: Json) -> str:
    return listed(f"{count} {state}" for state, count in action["parts"].items() if count)


NOTHING = "Nothing was begun yet."
ID: dict[str, Cell] = {"ID": lambda row: row["id"]}
HOW_FAR: dict[str, Cell] = {"BY": lambda row: row["actor"], "STATE": state_of, "PARTS": parts_of}
PARTS: dict[str, Cell] = {
    "USERNAME": lambda row: row["username"],
    "CLUSTER": lambda row: row["cluster"],
    "STATE": lambda row: row["state"],
    "IT IS NOW": lambda row: row["status"],
    "REASON": lambda row: row["reason"],
}
