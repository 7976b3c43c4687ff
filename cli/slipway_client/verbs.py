"""What every verb has."""

from __future__ import annotations

from typing import Any

import click

from .session import Session

pass_session = click.make_pass_decorator(Session)


class Verb(click.Command):
    """A command of ours: `--json` is everywhere."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.params.append(
            click.Option(
                ["--json"], is_flag=True, expose_value=False, callback=_choose_json, help="For programs: JSON."
            )
        )


class Noun(click.Group):
    command_class = Verb


def _choose_json(context: click.Context, _: click.Parameter, chosen: bool) -> None:
    session = context.find_object(Session)
    if chosen and session:
        session.out.as_json = True


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
wait_option = click.option("--wait", is_flag=True, help="Wait until it is done, and show how far it is.")
seconds_option = click.option(
    "--seconds",
    metavar="N",
    type=click.FloatRange(min=0),
    default=1800,
    show_default=True,
    help="Wait for so long at most.",
)
course_option = click.option("--course", metavar="COURSE", help="Its name or id; not needed by who is in one only.")
