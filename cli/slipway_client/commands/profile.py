"""Cluster profiles of a course."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..output import listed
from ..session import Session
from ..transport import Json
from ..verbs import Noun, pass_session, yes_option
from .create import spec_of, spec_option
from .members import course_argument

profile_argument = click.argument("profile", metavar="PROFILE")
text_option = click.option("--text", help="What it is good for.")
may_change_option = click.option(
    "--may-change", metavar="FIELD", multiple=True, help="Students may change this; may be said several times."
)


@click.group(cls=Noun)
def profile() -> None:
    """What teachers made for the clusters of a course to be like. PROFILE is a name or an id."""


@profile.command("list")
@course_argument
@pass_session
def list_profiles(session: Session, course: str) -> None:
    """The profiles of a course: slipway cluster create NAME --profile PROFILE"""
    columns = {
        "NAME": lambda row: row["name"],
        "TEXT": lambda row: row["text"],
        "STUDENTS MAY CHANGE": lambda row: listed(row["may_change"]),
    }
    session.out.table(columns, session.client.profiles(session.course(course)["id"]), "This course has no profiles.")


@profile.command()
@course_argument
@profile_argument
@pass_session
def show(session: Session, course: str, profile: str) -> None:
    """One profile, with all that it says of a cluster."""
    present(session, session.profile(session.course(course)["id"], profile))


@profile.command()
@course_argument
@click.argument("name")
@spec_option
@text_option
@may_change_option
@pass_session
def create(
    session: Session, course: str, name: str, spec: Path | None, text: str | None, may_change: tuple[str, ...]
) -> None:
    """Make a profile. What the file says is so for students, but for the fields that they may change."""
    where = session.course(course)["id"]
    present(session, session.client.create_profile(where, name, spec_of(spec) if spec else {}, may_change, text or ""))


@profile.command()
@course_argument
@profile_argument
@click.option("--name", help="Another one.")
@spec_option
@text_option
@may_change_option
@click.option("--may-change-nothing", is_flag=True, help="All that the file says is so for students.")
@pass_session
def change(
    session: Session,
    /,
    course: str,
    profile: str,
    spec: Path | None,
    may_change: tuple[str, ...],
    may_change_nothing: bool,
    **said: Any,
) -> None:
    """Change a profile: what is said, and nothing else. Clusters that were made from it stay as they are."""
    where = session.course(course)["id"]
    changes: Json = {name: value for name, value in said.items() if value is not None}
    changes |= {"spec": spec_of(spec)} if spec else {}
    if may_change and may_change_nothing:
        raise click.UsageError("Say either which fields students may change, or that they may change nothing.")
    changes |= {"may_change": list(may_change)} if may_change or may_change_nothing else {}
    if not changes:
        raise click.UsageError("Say what shall be changed.")
    present(session, session.client.change_profile(where, session.profile(where, profile)["id"], changes))


@profile.command()
@course_argument
@profile_argument
@yes_option
@pass_session
def delete(session: Session, course: str, profile: str, yes: bool) -> None:
    """Delete a profile. Clusters that were made from it stay."""
    where = session.course(course)["id"]
    found = session.profile(where, profile)
    session.confirm(f"The profile {found['name']} will be gone.", yes=yes)
    session.client.delete_profile(where, found["id"])
    if session.out.as_json:
        session.out.data(found)
    else:
        session.out.line(f"{found['name']}: deleted")


def present(session: Session, profile: Json) -> None:
    session.out.record(
        {
            "Name": profile["name"],
            "Id": profile["id"],
            "Text": profile["text"],
            **{name.replace("_", " ").capitalize(): value for name, value in profile["spec"].items()},
            "Students may change": listed(profile["may_change"]),
        },
        profile,
    )
