"""Prices, credits, statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from ..exits import Exit
from ..output import credits_of, moment, until
from ..session import Session, Stop
from ..transport import Json
from ..verbs import Noun, pass_session
from .prices import budgets, give_budget, reprocess, set_price

THINGS = {"node": "a machine, an hour", "gpu": "a GPU, an hour", "storage": "a GB of a folder, a month"}
FORMS = {".csv": "csv", ".pdf": "pdf"}


@click.group(cls=Noun)
def billing() -> None:
    """What things cost, which credits there are, and what was spent."""


for verb in (budgets, give_budget, set_price, reprocess):
    billing.add_command(verb)


@billing.command()
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@pass_session
def price(session: Session, everything: bool) -> None:
    """What an hour of a machine and a month of a folder cost, now and later.

    What one cluster would cost: slipway cluster create --dry-run
    """
    rows = session.client.rates()
    columns = {
        "FOR": lambda row: THINGS.get(row["kind"], row["kind"]),
        "NAME": lambda row: row["name"],
        "CREDITS": lambda row: credits_of(row["price"]),
        "FROM": lambda row: moment(row["valid_from"]),
        "": lambda row: row["memo"],
    }
    shown = rows if everything else not_over(rows, datetime.now(UTC))
    session.out.table(columns, shown, "Nothing has a price: all is free.")


def not_over(rates: Sequence[Json], now: datetime) -> list[Json]:
    """Of each thing the rates to come, and the one that is in force. `rates` are the latest first."""
    in_force: set[tuple[str, str]] = set()
    kept = []
    for rate in rates:
        thing = (rate["kind"], rate["name"])
        if thing not in in_force:
            kept.append(rate)
        if datetime.fromisoformat(rate["valid_from"]) <= now:
            in_force.add(thing)
    return kept


@billing.command("credits")
@click.argument("course", metavar="COURSE")
@pass_session
def show_credits(session: Session, course: str) -> None:
    """What a course was given, what is spent, held and left, and by whom."""
    found = session.client.credits(session.course(course)["id"])
    if session.out.as_json:
        session.out.data(found)
        return
    _standing(session, found["standing"])
    columns = {
        "USERNAME": lambda row: row["username"],
        "SPENT": lambda row: credits_of(row["spent"]),
        "HELD": lambda row: credits_of(row["held"]),
    }
    session.out.table(columns, found["people"], "Nobody has spent anything.")
    for warning in found["warnings"]:
        session.out.line(_warning(warning))


def _warning(warning: Json) -> str:
    whose = f"the credits of {warning['username']}" if warning["username"] else "the course's credits"
    if warning["ends_at"]:
        return f"All of {whose} are used. Clusters that cost end from {until(warning['ends_at'])} on."
    return f"At least {warning['percent']} % of {whose} are used. When all are, clusters that cost end."


@billing.command()
@click.argument("course", metavar="COURSE")
@click.argument("amount")
@click.option("--memo", default="", help="What for; it stands in the statement.")
@click.option("--new", "out_of", flag_value="new", default="", help="New credits; by administrators.")
@click.option("--budget", "out_of", flag_value="budget", help="Out of a budget of yours.")
@pass_session
def give(session: Session, course: str, amount: str, memo: str, out_of: str) -> None:
    """Give a course credits."""
    standing = session.client.give_credits(session.course(course)["id"], amount, memo, out_of)
    _tell(session, standing)


@billing.command()
@click.argument("course", metavar="COURSE")
@click.argument("username")
@click.argument("amount")
@click.option("--memo", required=True, help="Why; it stands in the statement.")
@pass_session
def correct(session: Session, course: str, username: str, amount: str, memo: str) -> None:
    """Give a person back what they were charged in error; by administrators. After -- an amount like -5 takes more."""
    standing = session.client.correct_charges(session.course(course)["id"], username, amount, memo)
    _tell(session, standing)


@billing.command()
@click.argument("course", metavar="COURSE")
@click.option("--month", metavar="YYYY-MM", default="", help="Else the present one.")
@click.option("--person", metavar="USERNAME", default="", help="Of this person only.")
@click.option(
    "--to", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv|FILE.pdf", help="Fetch it."
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@pass_session
def statement(session: Session, course: str, month: str, person: str, file: Path | None, force: bool) -> None:
    """What was spent in a course in a month, by whom and for what."""
    found = session.course(course)["id"]
    if file:
        _fetch(session, found, month, person, file, force=force)
        return
    made = session.client.statement(found, month, person)
    if session.out.as_json:
        session.out.data(made)
        return
    session.out.record(
        {
            "Month": f"{made['month']} ({made['time_zone']})",
            "Given": credits_of(made["granted"]),
            "Spent": credits_of(made["spent"]),
        },
        made,
    )
    columns = {
        "USERNAME": lambda row: row["person"],
        "MACHINES": lambda row: credits_of(row["nodes"]),
        "FOLDERS": lambda row: credits_of(row["folders"]),
        "OTHERS": lambda row: credits_of(row["others"]),
        "SET RIGHT": lambda row: credits_of(row["set_right"]),
        "CREDITS": lambda row: credits_of(row["credits"]),
    }
    session.out.table(columns, made["people"], "Nothing was spent.")


def _fetch(session: Session, course_id: str, month: str, person: str, file: Path, *, force: bool) -> None:
    form = FORMS.get(file.suffix.lower())
    if form is None:
        raise click.UsageError("A statement comes as FILE.csv or FILE.pdf.")
    if file.exists() and not force:
        raise Stop(f"{file} is there already; --force replaces it.", Exit.USAGE)
    session.client.download_statement(course_id, form, file, month, person)
    if session.out.as_json:
        session.out.data({"file": str(file)})
    else:
        session.out.line(str(file))


def _tell(session: Session, standing: Json) -> None:
    if session.out.as_json:
        session.out.data(standing)
    else:
        _standing(session, standing)


def _standing(session: Session, standing: Json) -> None:
    names = ("granted", "spent", "held", "remaining")
    session.out.record({name.title(): credits_of(standing[name]) for name in names}, standing)
