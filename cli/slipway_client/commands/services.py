"""Whom administrators trust: the accounts of other systems, and who may make courses."""

from __future__ import annotations

import click

from ..output import listed
from ..session import Session
from ..verbs import Verb, pass_session
from .token import SCOPES


@click.command(cls=Verb)
@pass_session
def services(session: Session) -> None:
    """The service accounts of other systems, and what their tokens may be used for at most."""
    columns = {"NAME": lambda row: row["name"], "SCOPES": lambda row: listed(row["scopes"])}
    session.out.table(columns, session.client.service_accounts(), "There is no service account.")


@click.command("create-service", cls=Verb)
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="May be said several times."
)
@pass_session
def create_service(session: Session, name: str, scopes: tuple[str, ...]) -> None:
    """Make an account for another system. Its token: slipway token create TOKEN --service-account NAME"""
    made = session.client.create_service_account(name, scopes)
    if session.out.as_json:
        session.out.data(made)
    else:
        session.out.line(f"{made['name']}: {listed(made['scopes'])}")


@click.command("course-makers", cls=Verb)
@pass_session
def course_makers(session: Session) -> None:
    """Who may make courses, beside administrators."""
    rows = session.client.course_makers()
    session.out.table({"USERNAME": lambda row: row["username"]}, rows, "Administrators only.")


@click.command(cls=Verb)
@click.argument("username")
@pass_session
def appoint(session: Session, username: str) -> None:
    """Let somebody make courses."""
    made = session.client.appoint(username)
    if session.out.as_json:
        session.out.data(made)
    else:
        session.out.line(f"{made['username']} may make courses.")


@click.command(cls=Verb)
@click.argument("username")
@pass_session
def dismiss(session: Session, username: str) -> None:
    """Let somebody make no more courses; those that they made stay as they are."""
    session.client.dismiss(username)
    if session.out.as_json:
        session.out.data({"username": username})
    else:
        session.out.line(f"{username} may make no more courses.")
