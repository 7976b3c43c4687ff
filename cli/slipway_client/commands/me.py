"""A person's own settings."""

from __future__ import annotations

import click

from ..session import Session
from ..verbs import Verb, pass_session
from .limits import UNBOUND


@click.command(cls=Verb)
@click.option("--email", metavar="ADDRESS|none", help="Where letters to you go.")
@click.option("--letters/--no-letters", "wants_letters", default=None, help="Whether you are warned by e-mail.")
@pass_session
def me(session: Session, email: str | None, wants_letters: bool | None) -> None:
    """Where letters to you go, and whether you are warned; with an option that is changed first."""
    said = {"email": "" if email == UNBOUND else email, "wants_letters": wants_letters}
    changes = {name: value for name, value in said.items() if value is not None}
    shown = session.client.change_me(changes) if changes else session.client.me()
    letters = "yes" if shown["wants_letters"] else "no"
    fields = {"Name": shown["username"], "E-mail": shown["email"] or UNBOUND, "Warned by e-mail": letters}
    session.out.record(fields, shown)
