"""Jobs, their logs and output."""

from __future__ import annotations

from pathlib import Path

import click

from ..download import place_of
from ..exits import Exit
from ..following import follow_log, outcome
from ..output import listed, moment, size
from ..session import Session, Stop
from ..transport import Json
from ..verbs import Noun, pass_session, seconds_option, wait_option
from ..watching import plain_state, shown_meanwhile


@click.group(cls=Noun)
def job() -> None:
    """Jobs on a cluster: a program with its files; its log and its output stay when the cluster is gone."""


@job.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An input file; may be said several times.",
)
@click.option("--follow", is_flag=True, help="Show its log until it has ended.")
@wait_option
@seconds_option
@click.argument("cluster", metavar="CLUSTER")
@click.argument("application", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_session
def submit(
    session: Session,
    cluster: str,
    application: Path,
    arguments: tuple[str, ...],
    files: tuple[Path, ...],
    follow: bool,
    wait: bool,
    seconds: float,
) -> int:
    """Run APPLICATION (.py or .jar) on a cluster.

    Options stand before CLUSTER: all that follows APPLICATION is the program's own.
    """
    found = session.cluster_id(cluster)
    try:
        made = session.client.submit_job(found, application, arguments, files)
    except ValueError as error:
        raise Stop(str(error), Exit.USAGE) from None
    if follow:
        return follow_log(session, made["id"], seconds)
    if wait:
        return _wait(session, made["id"], seconds)
    if session.out.as_json:
        session.out.data(made)
    else:
        session.out.line(made["id"])
    return Exit.DONE


@job.command("list")
@click.argument("cluster", metavar="CLUSTER")
@pass_session
def list_jobs(session: Session, cluster: str) -> None:
    """The jobs of a cluster, the newest first."""
    columns = {
        "ID": lambda row: row["id"],
        "APPLICATION": lambda row: row["application"],
        "STATUS": lambda row: row["status"],
        "OWNER": lambda row: row["owner"],
        "SUBMITTED": lambda row: moment(row["created_at"]),
    }
    session.out.table(columns, session.client.jobs(session.cluster_id(cluster)), "This cluster has had no job.")


@job.command()
@click.argument("job", metavar="JOB")
@pass_session
def show(session: Session, job: str) -> None:
    """One job, by its id."""
    row = session.client.job(job)
    session.out.record(
        {
            "Id": row["id"],
            "Application": row["application"],
            "Arguments": listed(row["arguments"]),
            "Files": listed(row["files"]),
            "Status": row["status"],
            "Exit code": row["exit_code"],
            "Reason": row["reason"],
            "Owner": row["owner"],
            "Cluster": row["cluster"],
            "Submitted": moment(row["created_at"]),
            "Started": moment(row["started_at"]),
            "Ended": moment(row["ended_at"]),
        },
        row,
    )


@job.command()
@click.argument("job", metavar="JOB")
@pass_session
def cancel(session: Session, job: str) -> None:
    """End a job that waits or runs; its program is stopped within half a minute."""
    row = session.client.cancel_job(job)
    if session.out.as_json:
        session.out.data(row)
    else:
        session.out.line(f"{row['id']}: {row['status']}")


@job.command()
@click.argument("job", metavar="JOB")
@click.option("--follow", is_flag=True, help="Go on until the job has ended; the exit status says how.")
@seconds_option
@pass_session
def logs(session: Session, job: str, follow: bool, seconds: float) -> int:
    """What a job has written so far."""
    if follow:
        return follow_log(session, job, seconds)
    text = session.client.log(job)
    if session.out.as_json:
        session.out.data({"job": job, "log": text})
    else:
        session.out.raw(text)
    return Exit.DONE


@job.command()
@click.argument("job", metavar="JOB")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Fetch the files into this folder, which is made; without it they are listed.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@pass_session
def output(session: Session, job: str, folder: Path | None, force: bool) -> int:
    """The files that a job left: a list of them, or the files themselves."""
    rows = session.client.outputs(job)
    if folder is None:
        columns = {
            "PATH": lambda row: row["path"],
            "SIZE": lambda row: size(row["size"]),
            "": lambda row: "" if row["uploaded"] else "too large to be kept",
        }
        session.out.table(columns, rows, "This job left no files.")
        return Exit.DONE
    folder.mkdir(parents=True, exist_ok=True)
    fetched = [_fetch(session, job, row, folder, force=force) for row in rows]
    if session.out.as_json:
        session.out.data([path for path in fetched if path])
    return Exit.DONE if all(fetched) else Exit.FAILED


def _fetch(session: Session, job: str, row: Json, folder: Path, *, force: bool) -> str | None:
    """Where a file of the output stands now; None where it does not, and why has been said."""
    try:
        target = place_of(row["path"], folder)
    except ValueError as error:
        session.out.say(str(error))
        return None
    if not row["uploaded"] or (target.exists() and not force):
        too_large = f"{row['path']} was too large to be kept ({size(row['size'])})."
        session.out.say(f"{target} is there already; --force replaces it." if row["uploaded"] else too_large)
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    session.client.download(job, row["path"], target)
    if not session.out.as_json:
        session.out.line(str(target))
    return str(target)


def _wait(session: Session, job: str, seconds: float) -> int:
    ended = shown_meanwhile(session.out, lambda told: session.client.wait_for_job(job, seconds, told), plain_state)
    if not session.out.as_json:
        session.out.line(f"{ended['id']}: {ended['status']}")
    return outcome(session, ended)
