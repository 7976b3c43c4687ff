"""What there is to choose among."""

from __future__ import annotations

import click

from ..output import Cell, credits_of, listed
from ..session import Session
from ..verbs import Verb, pass_session


@click.command(cls=Verb)
@pass_session
def offers(session: Session) -> None:
    """Flavors, software, images and kinds of storage that clusters and folders can be made of, with their prices.

    Prices are credits: of a machine an hour, of storage a month for each GB. What has none is free.
    """
    found = session.client.offers()
    if session.out.as_json:
        session.out.data(found)
        return
    for part, columns in TABLES.items():
        session.out.table(columns, found[part], f"There are no {part.replace('_', ' ')}.")
        session.out.line("")
    for field, why in found["lacks"].items():
        session.out.line(f"Not here: {field} ({why})")


TABLES: dict[str, dict[str, Cell]] = {
    "flavors": {
        "FLAVOR": lambda row: row["name"],
        "CORES": lambda row: row["vcpus"],
        "MEMORY": lambda row: f"{row['memory_mb'] / 1024:g} GB",
        "DISK": lambda row: f"{row['disk_gb']} GB",
        "GPUS": lambda row: row["gpus"] or "",
        "AN HOUR": lambda row: credits_of(row["hourly"]),
    },
    "frameworks": {
        "FRAMEWORK": lambda row: row["name"],
        "IS": lambda row: row["title"],
        "WORKERS": lambda row: f"{row['workers']['minimum']} to {row['workers']['maximum']}",
        "JOBS": lambda row: listed(row["job_suffixes"]),
    },
    "images": {
        "IMAGE": lambda row: row["name"],
        "FRAMEWORK": lambda row: row["framework"],
        "ARCHITECTURE": lambda row: row["architecture"],
        "BUNDLE": lambda row: row["bundle_version"],
    },
    "share_types": {
        "STORAGE": lambda row: row["name"],
        "IS": lambda row: row["title"],
        "FOR": lambda row: "folders, scratch" if row["for_scratch"] else "folders",
        "A GB A MONTH": lambda row: credits_of(row["monthly"]),
    },
}
