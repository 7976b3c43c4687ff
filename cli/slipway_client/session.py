"""What each command works with: the portal, the output, and things found by the names that people give them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

import click

from . import logins, safe_text
from .exits import Exit
from .output import Output
from .transport import Json

if TYPE_CHECKING:
    from .client import Client

PATIENCE_SECONDS = 10.0


class Stop(click.ClickException):
    """The command ends here, with a word and an exit status."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


class Session:
    def __init__(self, *, as_json: bool = False) -> None:
        self.out = Output(as_json=as_json)

    @cached_property
    def login(self) -> logins.Login:
        return logins.current(os.environ)

    @cached_property
    def client(self) -> Client:
        from .client import Client

        if not self.login.url:
            raise Stop("It is not known which portal. Log in: slipway login --url URL, or set SLIPWAY_URL.", Exit.USAGE)
        if not self.login.token:
            raise Stop(
                f"You are not logged in to {self.login.url}. `slipway login`, or set SLIPWAY_TOKEN.", Exit.LOGGED_OUT
            )
        try:
            return Client(self.login.url, self.login.token, PATIENCE_SECONDS)
        except ValueError as error:
            raise Stop(str(error), Exit.USAGE) from None

    @cached_property
    def username(self) -> str:
        return self.login.username or str(self.client.me()["username"])

    def course(self, text: str | None) -> Json:
        """By id or name; without either the only one there is."""
        courses = self.client.courses()
        if text is None and len(courses) == 1:
            return courses[0]
        names = ", ".join(course["name"] for course in courses) or "none"
        if text is None:
            raise Stop(f"Say which course: --course NAME. Yours: {names}.", Exit.USAGE)
        found = [course for course in courses if text in (course["id"], course["name"])]
        return found[0] if found else missing(f"You are in no course {text!r}. Yours: {names}.")

    def profile(self, course_id: str, name: str) -> Json:
        profiles = self.client.profiles(course_id)
        found = [profile for profile in profiles if name in (profile["id"], profile["name"])]
        names = ", ".join(profile["name"] for profile in profiles) or "none"
        return found[0] if found else missing(f"The course has no profile {name!r}; it has {names}.")

    def cluster_id(self, text: str) -> str:
        return text if is_id(text) else self._named("cluster", text, self.client.clusters, "owner")

    def folder_id(self, text: str) -> str:
        return text if is_id(text) else self._named("folder", text, self.client.folders, "maker")

    def _named(self, kind: str, text: str, ask: Callable[[str, str], Sequence[Json]], whose: str) -> str:
        """The id of NAME or PERSON/NAME: what there is before what there was, one's own before others'."""
        person, _, name = text.rpartition("/")
        found = ask(name, person) if name else []
        if not found:
            missing(f"You see no {kind} {text!r}.")
        present = [row for row in found if row["status"] != "deleted"]
        if len(present) > 1:
            present = [row for row in present if row[whose] == self.username] or present
        if len(present) > 1:
            ways = "; ".join(f"{row[whose]}/{row['name']} is {row['id']}" for row in present[:10])
            raise Stop(f"There are {len(present)} of the name {text!r}: say PERSON/NAME or the id. {ways}", Exit.USAGE)
        return str((present or found)[0]["id"])

    def confirm(self, question: str, *, yes: bool) -> None:
        """Nothing is lost by a slip: a person is asked, a script says --yes."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise Stop(f"{question} Say --yes.", Exit.USAGE)
        click.confirm(safe_text.line(question), abort=True, err=True)

    def ask(self, question: str, option: str) -> str:
        """A word that is typed; scripts say it by the option."""
        if not sys.stdin.isatty():
            raise Stop(f"{question}: say {option}.", Exit.USAGE)
        return str(click.prompt(safe_text.line(question), err=True))


def missing(text: str) -> NoReturn:
    raise Stop(text, Exit.NOT_FOUND)


def is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
