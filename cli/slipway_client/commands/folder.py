"""Folders, which outlive clusters."""

from __future__ import annotations

import click

from ..output import credits_of, listed, moment
from ..session import Session
from ..transport import Json
from ..verbs import Noun, course_option, pass_session, seconds_option, wait_option, yes_option
from ..watching import watch_folder


@click.group(cls=Noun)
def folder() -> None:
    """Folders of a course, which clusters mount and which outlive them. FOLDER is a name, PERSON/NAME, or an id."""


@folder.command("list")
@pass_session
def list_folders(session: Session) -> None:
    """The folders of your courses."""
    columns = {
        "NAME": lambda row: row["name"],
        "STATUS": lambda row: row["status"],
        "SIZE": lambda row: f"{row['size_gb']} GB",
        "KIND": lambda row: row["share_type"],
        "MADE BY": lambda row: row["maker"],
        "USED BY": lambda row: listed(guest["name"] for guest in row["used_by"]),
    }
    session.out.table(columns, session.client.folders(), "There is no folder. Make one: slipway folder create NAME GB")


@folder.command()
@click.argument("folder", metavar="FOLDER")
@pass_session
def show(session: Session, folder: str) -> None:
    """All about one folder."""
    row = session.client.folder(session.folder_id(folder))
    session.out.record(
        {
            "Name": row["name"],
            "Id": row["id"],
            "Status": row["status"],
            "Waiting for": row["waiting_for"],
            "Size": f"{row['size_gb']} GB",
            "Kind": row["share_type"],
            "Credits a month": credits_of(row["monthly"]),
            "Made by": row["maker"],
            "Students may": {"rw": "read and write", "ro": "read"}.get(row["access_for_students"]),
            "Used by": listed(f"{guest['owner']}/{guest['name']} at {guest['path']}" for guest in row["used_by"]),
            "Made": moment(row["created_at"]),
        },
        row,
    )
    if not session.out.as_json:
        session.out.failure(row["failure"])


@folder.command()
@click.argument("name")
@click.argument("size_gb", metavar="GB", type=click.IntRange(min=1))
@course_option
@click.option("--kind", metavar="NAME", default="", help="Of storage, as the portal offers it; else the first.")
@click.option("--students-only-read", is_flag=True, help="Other students may not write into it.")
@wait_option
@seconds_option
@pass_session
def create(
    session: Session,
    name: str,
    size_gb: int,
    course: str | None,
    kind: str,
    students_only_read: bool,
    wait: bool,
    seconds: float,
) -> int:
    """Make a folder with room for GB gigabytes."""
    access = "ro" if students_only_read else "rw"
    made = session.client.create_folder(session.course(course)["id"], name, size_gb, kind, access)
    return asked(session, made, wait, seconds)


@folder.command()
@click.argument("folder", metavar="FOLDER")
@click.argument("size_gb", metavar="GB", type=click.IntRange(min=1))
@wait_option
@seconds_option
@pass_session
def grow(session: Session, folder: str, size_gb: int, wait: bool, seconds: float) -> int:
    """Give a folder more room: GB gigabytes in all. What is in it stays."""
    return asked(session, session.client.grow_folder(session.folder_id(folder), size_gb), wait, seconds)


@folder.command()
@click.argument("folder", metavar="FOLDER")
@yes_option
@wait_option
@seconds_option
@pass_session
def delete(session: Session, folder: str, yes: bool, wait: bool, seconds: float) -> int:
    """Delete a folder with all that is in it."""
    found = session.folder_id(folder)
    session.confirm(f"The folder {folder} and all that is in it will be gone.", yes=yes)
    return asked(session, session.client.delete_folder(found), wait, seconds)


def asked(session: Session, folder: Json, wait: bool, seconds: float) -> int:
    if wait:
        return watch_folder(session, folder, seconds)
    if session.out.as_json:
        session.out.data(folder)
    else:
        session.out.line(f"{folder['name']}: {folder['status']} ({folder['id']})")
    return 0
