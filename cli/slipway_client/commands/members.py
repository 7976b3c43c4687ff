"""Who is in a course."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..exits import Exit
from ..output import credits_of, listed, moment
from ..session import Session, Stop
from ..transport import Json
from ..verbs import Verb, pass_session, yes_option
from .previews import end_preview_option, present_preview

ROLES = click.Choice(["student", "assistant", "teacher"])
course_argument = click.argument("course", metavar="COURSE")
end_clusters_option = click.option("--end-clusters", is_flag=True, help="Of those who are removed; else these go on.")
apply_option = click.option("--apply", is_flag=True, help="Do it; without this it is only shown.")
remove_others_option = click.option("--remove-others", is_flag=True, help="Students who are not on it are removed.")


@click.command(cls=Verb)
@course_argument
@pass_session
def members(session: Session, course: str) -> None:
    """Who is in a course, with what they have and spent."""
    columns = {
        "USERNAME": lambda row: row["username"],
        "ROLE": lambda row: row["role"],
        "CLUSTERS": lambda row: row["clusters"],
        "LAST ACTIVE": lambda row: moment(row["active_at"]),
        "SPENT": lambda row: credits_of(row["spent"]),
        "OF": lambda row: credits_of(row["credits"]),
    }
    session.out.table(columns, session.client.members(session.course(course)["id"]), "Nobody is in this course.")


@click.command(cls=Verb)
@course_argument
@click.argument("username")
@click.option("--role", type=ROLES, default="student", show_default=True)
@pass_session
def add(session: Session, course: str, username: str, role: str) -> None:
    """Take somebody into a course."""
    _present(session, session.client.add_member(session.course(course)["id"], username, role))


@click.command(cls=Verb)
@course_argument
@click.argument("username")
@click.argument("role", type=ROLES)
@pass_session
def role(session: Session, course: str, username: str, role: str) -> None:
    """Give somebody in a course another role."""
    _present(session, session.client.change_role(session.course(course)["id"], username, role))


@click.command(cls=Verb)
@course_argument
@click.argument("username")
@end_clusters_option
@end_preview_option
@yes_option
@pass_session
def remove(session: Session, course: str, username: str, end_clusters: bool, preview: bool, yes: bool) -> None:
    """Take somebody out of a course."""
    found = session.course(course)
    if preview:
        answer = session.client.remove_member(found["id"], username, end_clusters=end_clusters, preview=True)
        present_preview(session, answer)
        return
    session.confirm(f"{username} will be no member of {found['name']}.", yes=yes)
    left = session.client.remove_member(found["id"], username, end_clusters=end_clusters)
    if session.out.as_json:
        session.out.data(left)
    else:
        what = "end" if end_clusters else "go on to their end"
        clusters = f"; these clusters {what}: {_clusters(left['clusters'])}" if left["clusters"] else ""
        session.out.line(f"{username}: removed{clusters}")


@click.command(cls=Verb)
@course_argument
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.csv")
@apply_option
@remove_others_option
@end_clusters_option
@pass_session
def roster(session: Session, course: str, file: Path, apply: bool, remove_others: bool, end_clusters: bool) -> None:
    """Show what a CSV file (username, role, credits) would change in a course, or do it.

    A file with a bad line changes nothing: every such line is named.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Stop(f"{file} is not UTF-8. Save it as CSV UTF-8, and say this again.", Exit.USAGE) from None
    plan = session.client.roster(
        session.course(course)["id"], text, apply=apply, remove_others=remove_others, end_clusters=end_clusters
    )
    _plan(session, plan)


@click.command(cls=Verb)
@course_argument
@click.argument("group", metavar="GROUP")
@click.option("--role", type=ROLES, default="student", show_default=True)
@apply_option
@remove_others_option
@end_clusters_option
@pass_session
def group(session: Session, /, course: str, group: str, **how: Any) -> None:
    """Show what the members of a group of the cloud would change in a course, or do it."""
    _plan(session, session.client.group(session.course(course)["id"], group, **how))


def _plan(session: Session, plan: Json) -> None:
    if session.out.as_json:
        session.out.data(plan)
        return
    session.out.record(
        {
            "Added": _lines(plan["added"]),
            "Changed": _lines(plan["changed"]),
            "Unchanged": str(plan["unchanged"]),
            "Removed": listed(plan["removed"]),
            "Their clusters": _clusters(plan["clusters_of_removed"]),
        },
        plan,
    )
    session.out.say("Done." if plan["applied"] else "Nothing is changed yet: --apply does it.")


def _present(session: Session, member: Json) -> None:
    if session.out.as_json:
        session.out.data(member)
    else:
        session.out.line(f"{member['username']}: {member['role']}")


def _lines(rows: list[Json]) -> str:
    return listed(f"{row['username']} ({row['role']})" for row in rows)


def _clusters(rows: list[Json]) -> str:
    return listed(f"{row['owner']}/{row['name']}" for row in rows)
