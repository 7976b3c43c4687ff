"""Tokens for programs."""

from __future__ import annotations

import click

from ..output import listed, moment
from ..session import Session
from ..verbs import Noun, pass_session, yes_option

SCOPES = ("read", "clusters", "course", "billing", "admin")


@click.group(cls=Noun)
def token() -> None:
    """Tokens for programs: what they may be used for, and until when."""


@token.command("list")
@pass_session
def list_tokens(session: Session) -> None:
    """The tokens with a name: yours, and those of service accounts for an administrator."""
    columns = {
        "ID": lambda row: row["id"],
        "NAME": lambda row: row["name"],
        "OF": lambda row: row["of"],
        "SCOPES": lambda row: listed(row["scopes"]),
        "ENDS": lambda row: moment(row["expires_at"]),
        "LAST USED": lambda row: moment(row["last_used_at"]),
    }
    session.out.table(columns, session.client.tokens(), "There is no token. Make one: slipway token create NAME")


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=("read",),
    show_default=True,
    help="What it may be used for; may be said several times.",
)
@click.option("--days", metavar="N", type=click.IntRange(min=1), default=30, show_default=True, help="It ends then.")
@click.option("--service-account", metavar="NAME", default="", help="For this account; by administrators.")
@pass_session
def create(session: Session, name: str, scopes: tuple[str, ...], days: int, service_account: str) -> None:
    """Make a token and print it, this once only. Whoever has it is you, as far as its scopes go."""
    made = session.client.create_token(name, scopes, days, service_account)
    if session.out.as_json:
        session.out.data(made)
    else:
        session.out.line(made["token"])
        session.out.say("It is not shown again. SLIPWAY_TOKEN=... gives it to a program.")


@token.command()
@click.argument("token", metavar="ID")
@yes_option
@pass_session
def revoke(session: Session, token: str, yes: bool) -> None:
    """End a token now, by its id."""
    session.confirm(f"Programs that use the token {token} will be refused.", yes=yes)
    session.client.revoke_token(token)
    if session.out.as_json:
        session.out.data({"id": token})
    else:
        session.out.say("The token is no longer good for anything.")
