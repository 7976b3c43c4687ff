"""Clusters."""

from __future__ import annotations

import click

from ..calls.clusters import PRESENT
from ..output import credits_of, listed, moment, until
from ..session import Session
from ..transport import Json
from ..verbs import Noun, pass_session, seconds_option, wait_option, yes_option
from ..watching import watch_cluster
from .create import create
from .events import events
from .ssh import ssh_config


@click.group(cls=Noun)
def cluster() -> None:
    """Clusters. CLUSTER is a name, PERSON/NAME, or an id."""


cluster.add_command(create)
cluster.add_command(events)
cluster.add_command(ssh_config)


@cluster.command("list")
@click.option("--course", metavar="COURSE", help="Of this one only, by its name or id.")
@click.option("--owner", metavar="USERNAME", default="", help="Of this person only.")
@click.option("--all", "everything", is_flag=True, help="Those that are gone, too.")
@pass_session
def list_clusters(session: Session, course: str | None, owner: str, everything: bool) -> None:
    """The clusters that you may see, the newest first."""
    where = session.course(course)["id"] if course else ""
    rows = session.client.clusters("", owner, where, () if everything else PRESENT)
    columns = {
        "NAME": lambda row: row["name"],
        "STATUS": lambda row: row["status"],
        "OWNER": lambda row: row["owner"],
        "WORKERS": lambda row: f"{row['workers']} x {row['flavor']}",
        "ENDS": lambda row: moment(row["ended_at"]) or until(row["expires_at"]),
    }
    session.out.table(columns, rows, "There is no cluster. Make one: slipway cluster create NAME")


@cluster.command()
@click.argument("cluster", metavar="CLUSTER")
@pass_session
def show(session: Session, cluster: str) -> None:
    """All about one cluster, and what it has cost so far."""
    found = session.client.cluster(session.cluster_id(cluster))
    present(session, {**found, **session.client.cost(found["id"])})


@cluster.command()
@click.argument("cluster", metavar="CLUSTER")
@seconds_option
@pass_session
def watch(session: Session, cluster: str, seconds: float) -> int:
    """Show how far a cluster is, until it is ready, has failed, or is gone.

    With --json a line for each change; the last one is how it ended.
    """
    return watch_cluster(session, session.client.cluster(session.cluster_id(cluster)), seconds)


@cluster.command()
@click.argument("cluster", metavar="CLUSTER")
@click.option("--workers", metavar="N", type=click.IntRange(min=1), help="So many shall it be.")
@click.option("--remove", multiple=True, metavar="WORKER", help="This worker shall leave; may be said several times.")
@wait_option
@seconds_option
@pass_session
def resize(
    session: Session, cluster: str, workers: int | None, remove: tuple[str, ...], wait: bool, seconds: float
) -> int:
    """Change the number of workers while the cluster works on.

    Workers that leave hand over their part of HDFS first.
    """
    if (workers is None) == (not remove):
        raise click.UsageError("Say either --workers or --remove.")
    changed = session.client.resize_cluster(session.cluster_id(cluster), workers, remove)
    return asked(session, changed, wait, seconds)


@cluster.command()
@click.argument("cluster", metavar="CLUSTER")
@click.argument("nodes", nargs=-1, metavar="[WORKER]...")
@wait_option
@seconds_option
@pass_session
def repair(session: Session, cluster: str, nodes: tuple[str, ...], wait: bool, seconds: float) -> int:
    """Make lost workers anew: the ones named, or all that are in trouble."""
    return asked(session, session.client.repair_cluster(session.cluster_id(cluster), nodes), wait, seconds)


@cluster.command()
@click.argument("cluster", metavar="CLUSTER")
@click.argument("hours", metavar="HOURS", type=click.IntRange(min=1))
@pass_session
def extend(session: Session, cluster: str, hours: int) -> None:
    """Let a cluster live for so many hours more."""
    changed = session.client.extend_cluster(session.cluster_id(cluster), hours)
    if session.out.as_json:
        session.out.data(changed)
    else:
        session.out.line(f"{changed['name']}: ends {until(changed['expires_at'])}")


@cluster.command()
@click.argument("cluster", metavar="CLUSTER")
@yes_option
@wait_option
@seconds_option
@pass_session
def delete(session: Session, cluster: str, yes: bool, wait: bool, seconds: float) -> int:
    """End a cluster. What is in its HDFS is lost; folders, logs and output stay."""
    found = session.cluster_id(cluster)
    session.confirm(f"The cluster {cluster} and all that is in its HDFS will be gone.", yes=yes)
    return asked(session, session.client.delete_cluster(found), wait, seconds)


def asked(session: Session, cluster: Json, wait: bool, seconds: float) -> int:
    """After a wish: what is now, or the wait for its end."""
    if wait:
        return watch_cluster(session, cluster, seconds)
    if session.out.as_json:
        session.out.data(cluster)
    else:
        session.out.line(f"{cluster['name']}: {cluster['status']} ({cluster['id']})")
    return 0


def present(session: Session, cluster: Json) -> None:
    progress = cluster["progress"]
    moving = cluster["status"] in ("creating", "updating")
    session.out.record(
        {
            "Name": cluster["name"],
            "Id": cluster["id"],
            "Status": cluster["status"],
            "Progress": f"{progress['done']} of {progress['total']}: {progress['phase']}" if moving else None,
            "Waiting for": cluster["waiting_for"],
            "Health": cluster["health"] and cluster["health"].get("text"),
            "Last used": cluster["idle"] and cluster["idle"]["seen"],
            "Ends if idle": cluster["idle"] and until(cluster["idle"]["ends_at"]),
            "Owner": cluster["owner"],
            "Software": cluster["framework"],
            "Workers": f"{cluster['workers']} x {cluster['flavor']}",
            "Nodes": listed(f"{node['name']} ({node['state']})" for node in cluster["nodes"]),
            "Folders": listed(f"{use['name']} at {use['path']} ({use['access']})" for use in cluster["folders"]),
            "Ready": moment(cluster["ready_at"]),
            "Ends": None if cluster["ended_at"] else until(cluster["expires_at"]),
            "Ended": moment(cluster["ended_at"]),
            "Cost so far": _cost(cluster),
        },
        cluster,
    )
    if not session.out.as_json:
        session.out.failure(cluster["failure"] or cluster["change_failure"])


def _cost(cluster: Json) -> str:
    """In words; none where nothing of it has a price."""
    cost, hourly = credits_of(cluster["cost"]), credits_of(cluster["hourly"])
    if cost == hourly == "0":
        return ""
    return f"{cost} credits" + (f", and {hourly} for each hour" if hourly != "0" else "")
