"""What a cluster's machines did as they booted."""

from __future__ import annotations

import click

from ..output import Cell, moment
from ..session import Session
from ..transport import Json
from ..verbs import Verb, pass_session


@click.command(cls=Verb)
@click.argument("cluster", metavar="CLUSTER")
@click.option("--node", metavar="NODE", default="", help="Of this machine only.")
@click.option("--failed", is_flag=True, help="Those that failed only.")
@pass_session
def events(session: Session, cluster: str, node: str, failed: bool) -> None:
    """The steps of a cluster's machines, as each is done or has failed; then what a machine that failed wrote."""
    rows = session.client.cluster_events(session.cluster_id(cluster), "failed" if failed else "", node)
    session.out.table(COLUMNS, rows, "Its machines have told nothing yet.")
    if not session.out.as_json:
        for row in rows:
            if row["state"] == "failed":
                _tell(session, row)


def _tell(session: Session, row: Json) -> None:
    session.out.line(f"\n{row['node']}: {row['title']} failed: {row['message']}")
    if row["log"]:
        session.out.line(row["log"].rstrip("\n"))


COLUMNS: dict[str, Cell] = {
    "AT": lambda row: moment(row["at"]),
    "NODE": lambda row: row["node"],
    "STEP": lambda row: row["title"],
    "STATE": lambda row: row["state"],
    "SECONDS": lambda row: f"{row['seconds']:.1f}",
    "MESSAGE": lambda row: row["message"].partition("\n")[0],
}
