"""Waiting where somebody looks on: a bar in a terminal, a line for each change elsewhere, JSON lines for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from . import safe_text
from .calls.clusters import CLUSTER_ENDS
from .exits import Exit
from .output import Output
from .session import Session
from .transport import Json

Told = Callable[[Json], None]


def watch_cluster(session: Session, cluster: Json, seconds: float) -> Exit:
    """Until it is what it is to be; says how it ended."""
    removed = cluster["target"] == "deleted"
    seen: list[str] = []

    def wait(told: Told) -> Json:
        def note(now: Json) -> None:
            seen.append(now["status"])
            told(now)

        ends: Sequence[str] = ("deleted",) if removed else CLUSTER_ENDS
        return session.client.wait_for_cluster(cluster["id"], seconds, note, ends)

    ended = shown_meanwhile(session.out, wait, cluster_state)
    changed = "updating" in seen
    good = ended["status"] == ("deleted" if removed else "ready") and not (changed and ended["change_failure"])
    if not session.out.as_json:
        session.out.line(f"{ended['name']}: {ended['status']}")
        session.out.failure(ended["failure"] or (ended["change_failure"] if changed else None))
    return Exit.DONE if good else Exit.FAILED


def watch_folder(session: Session, folder: Json, seconds: float) -> Exit:
    removed = folder["target"] == "deleted"
    ends = ("deleted", "failed") if removed else ("available", "failed", "deleted")

    def wait(told: Told) -> Json:
        return session.client.wait_for_folder(folder["id"], seconds, told, ends)

    ended = shown_meanwhile(session.out, wait, plain_state)
    if not session.out.as_json:
        session.out.line(f"{ended['name']}: {ended['status']}")
        session.out.failure(ended["failure"])
    return Exit.DONE if ended["status"] == ends[0] else Exit.FAILED


def shown_meanwhile(out: Output, wait: Callable[[Told], Json], state: Callable[[Json], tuple[int, int, str]]) -> Json:
    """`state` is how far a thing is, of how much, and in which words."""
    if out.as_json:
        return wait(out.event)
    if not out.aside.is_terminal:
        return wait(_lines(out, state))
    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=out.aside, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(now: Json) -> None:
            done, total, words = state(now)
            bar.update(task, completed=done, total=total or None, description=safe_text.line(words))

        return wait(tell)


def _lines(out: Output, state: Callable[[Json], tuple[int, int, str]]) -> Told:
    said: list[str] = []

    def tell(now: Json) -> None:
        done, total, words = state(now)
        text = f"{done} of {total}  {words}" if total else words
        if said[-1:] != [text]:
            said.append(text)
            out.say(text)

    return tell


def cluster_state(cluster: Json) -> tuple[int, int, str]:
    progress = cluster["progress"]
    words = progress["phase"] if cluster["status"] in ("creating", "updating") else cluster["status"]
    waiting = f", waiting for {cluster['waiting_for']}" if cluster["waiting_for"] else ""
    return progress["done"], progress["total"], f"{words}{waiting}"


def plain_state(thing: Json) -> tuple[int, int, str]:
    return 0, 0, str(thing["status"])
