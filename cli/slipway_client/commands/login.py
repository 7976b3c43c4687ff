"""Logging in and out."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

import click

from .. import logins
from ..client import Client
from ..errors import ApiError
from ..exits import Exit
from ..output import listed
from ..session import PATIENCE_SECONDS, Session, Stop
from ..transport import is_loopback
from ..verbs import Verb, pass_session


@click.command(cls=Verb)
@click.argument("username", required=False)
@click.option("--url", metavar="URL", help="The portal's address; else SLIPWAY_URL, or the portal of the last log-in.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
@pass_session
def login(session: Session, username: str | None, url: str | None, password_stdin: bool) -> None:
    """Log in to a portal and keep the token, for you alone, in a file of your configuration folder.

    The password is not kept. A token ends after some hours; then log in again.
    """
    where = (url or session.login.url).rstrip("/")
    if not where:
        raise Stop("Say which portal: --url https://slipway.example.org", Exit.USAGE)
    client = _client(where)
    _warn_of_clear_text(session, client.url)
    if not username and not sys.stdin.isatty():
        raise Stop("Say who: slipway login USERNAME --password-stdin", Exit.USAGE)
    name = username or click.prompt("Username", err=True)
    made = client.log_in(name, _password(password_stdin))
    file = logins.file_of(os.environ)
    logins.remember(file, logins.Login(client.url, client.token, name, str(made["id"])))
    if session.out.as_json:
        session.out.data({"url": client.url, "username": name, "file": str(file)})
    else:
        session.out.say(f"Logged in to {client.url} as {name}. The token stands in {file}.")


@click.command(cls=Verb)
@pass_session
def logout(session: Session) -> None:
    """End the token of the last log-in, and forget it."""
    login = logins.kept(os.environ)
    if login.token_id:
        try:
            Client(login.url, login.token).revoke_token(login.token_id)
        except ApiError as error:
            # It is forgotten here in any case; one that is over, or unknown by now, is as good as ended.
            if error.status not in (401, 404):
                session.out.say(f"The portal was not told; the token there ends by itself. {error}")
    logins.forget(logins.file_of(os.environ), login.url)
    if session.out.as_json:
        session.out.data({"url": login.url})
    else:
        session.out.say(f"Logged out of {login.url or 'no portal: you were in none'}.")


@click.command(cls=Verb)
@pass_session
def whoami(session: Session) -> None:
    """Who you are to which portal, and what your token may be used for."""
    me = session.client.me()
    fields = {"Name": me["username"], "Scopes": listed(me["scopes"]), "Administrator": "yes" * me["is_administrator"]}
    session.out.record({"Portal": session.client.url, **fields}, {"url": session.client.url, **me})


def _client(url: str) -> Client:
    try:
        return Client(url, patience=PATIENCE_SECONDS)
    except ValueError as error:
        raise Stop(str(error), Exit.USAGE) from None


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Stop("There is no terminal to ask for the password: --password-stdin", Exit.USAGE)
    return str(click.prompt("Password", hide_input=True, err=True))


def _warn_of_clear_text(session: Session, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        session.out.say("Warning: http:// is not encrypted; the password can be read on its way.")
