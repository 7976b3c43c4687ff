"""What something would do, shown before it is done."""

from __future__ import annotations

import click

from ..output import Cell, moment
from ..session import Session
from ..transport import Json

preview_option = click.option(
    "--preview", is_flag=True, help="Only show who would get what, and who would not and why."
)
end_preview_option = click.option("--preview", is_flag=True, help="Only show which clusters would end, and when.")


def present_preview(session: Session, answer: Json) -> None:
    if session.out.as_json:
        session.out.data(answer)
        return
    session.out.record({"Would begin": moment(answer["begins_at"])}, answer)
    session.out.table(OUTCOMES, answer["outcomes"], "There is no cluster now.")
    session.out.say(f"A preview, nothing was done: {answer['would']} would, {answer['refused']} would not.")


OUTCOMES: dict[str, Cell] = {
    "USERNAME": lambda row: row["username"],
    "CLUSTER": lambda row: row["cluster"],
    "ENDS": lambda row: moment(row["ends_at"]),
    "WHY NOT": lambda row: row["reason"],
}
