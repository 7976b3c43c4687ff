"""What administrators do with prices and budgets."""

from __future__ import annotations

import click

from ..moments import moment_typed
from ..output import credits_of
from ..session import Session
from ..verbs import Verb, pass_session

memo_option = click.option("--memo", metavar="TEXT", default="", help="Why; it stands in the ledger.")


@click.command("set-price", cls=Verb)
@click.argument("kind", type=click.Choice(["node", "gpu", "storage"]))
@click.argument("name")
@click.argument("price", metavar="CREDITS")
@click.option("--from", "valid_from", metavar="TIME", type=moment_typed, required=True, help="A full hour in UTC.")
@click.option("--correcting", is_flag=True, help="The old one was wrong: this one holds for the past.")
@memo_option
@pass_session
def set_price(session: Session, kind: str, name: str, price: str, valid_from: str, correcting: bool, memo: str) -> None:
    """Give a thing another price from a time on. NAME is a flavor or a type of folder; of a gpu it is "".

    A price of the future changes nothing that is charged. A correcting one is carried out by `billing reprocess`.
    """
    rate = session.client.set_price(kind, name, price, valid_from, memo, correcting=correcting)
    if session.out.as_json:
        session.out.data(rate)
    else:
        session.out.line(f"{kind} {name}: {credits_of(rate['price'])} from {rate['valid_from']}")


@click.command(cls=Verb)
@click.option("--start", metavar="TIME", type=moment_typed, required=True)
@click.option("--end", metavar="TIME", type=moment_typed, required=True)
@click.option("--preview", is_flag=True, help="Only say how many charges would be set right.")
@memo_option
@pass_session
def reprocess(session: Session, start: str, end: str, preview: bool, memo: str) -> None:
    """Set right what was charged by a wrong price: each such charge is reversed and made anew, nothing is edited."""
    done = session.client.reprocess(start, end, memo, preview=preview)
    if session.out.as_json:
        session.out.data(done)
    else:
        became = "were reversed and charged anew" if done["done"] else "would be reversed and charged anew"
        session.out.line(f"{done['charges']} charges {became}.")


@click.command(cls=Verb)
@pass_session
def budgets(session: Session) -> None:
    """What is left of budgets: of all for administrators, else of your own."""
    columns = {"USERNAME": lambda row: row["person"], "CREDITS": lambda row: credits_of(row["credits"])}
    session.out.table(columns, session.client.budgets(), "There is no budget.")


@click.command("give-budget", cls=Verb)
@click.argument("username")
@click.argument("amount")
@memo_option
@pass_session
def give_budget(session: Session, username: str, amount: str, memo: str) -> None:
    """Give a teacher new credits, to be given on to courses by `slipway billing give --budget`."""
    made = session.client.give_budget(username, amount, memo)
    if session.out.as_json:
        session.out.data(made)
    else:
        session.out.line(f"{made['person']}: {credits_of(made['credits'])} credits left")
