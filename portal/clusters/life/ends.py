"""When clusters are warned of and ended, and in which words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

# Minutes before its end at which somebody is warned, the nearest first.
BEFORE = {15: "15 minutes", 60: "1 hour", 24 * 60: "24 hours"}
NOTICE = timedelta(minutes=15)  # between the warning that nobody uses a cluster and its end
ACTIVITIES = {
    "ready": "it became ready",
    "job": "a job ran",
    "application": "an application ran",
    "extended": "its end was put off",
}


@dataclass(frozen=True)
class Idling:
    """What was last seen of its use, and when it ends if nothing happens; `ends_at` is None where that is off."""

    words: str
    seen_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Message:
    subject: str
    text: str


def is_near(made_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether somebody is warned of it by now: only of an end that was farther away when the cluster was made."""
    return any(ends_at - now <= before < ends_at - made_at for before in (timedelta(minutes=each) for each in BEFORE))


def idling(activity: str, seen_at: datetime, minutes: int | None, off_until: datetime | None) -> Idling:
    """`minutes` is how long a cluster of the course may be idle; until `off_until` none is ended for it."""
    words = ACTIVITIES.get(activity, activity)
    if minutes is None:
        return Idling(words, seen_at, None)
    ends_at = seen_at + timedelta(minutes=minutes)
    return Idling(words, seen_at, max(ends_at, off_until or ends_at))


def notice(minutes: int) -> timedelta:
    """How long before such an end its owner is told."""
    return min(NOTICE, timedelta(minutes=minutes) / 2)


def ends_soon(name: str, course: str, ends_at: datetime, minutes: int, url: str) -> Message:
    return Message(
        f"Your cluster {name} ends in {BEFORE[minutes]}",
        f"Your cluster {name} in {course} ends at {moment(ends_at)}, and everything in its HDFS with it. Folders stay, "
        f"and logs and output of jobs.\n\nTo put its end off, or to save what you need:\n{url}\n",
    )


def ends_idle(name: str, course: str, idle: Idling, url: str) -> Message:
    assert idle.ends_at
    return Message(
        f"Nobody uses your cluster {name}: it ends at {moment(idle.ends_at)}",
        f"Your cluster {name} in {course} was last in use at {moment(idle.seen_at)} ({idle.words}). It ends at "
        f"{moment(idle.ends_at)} if nothing happens. A job, an application or putting its end off keeps it:\n{url}\n",
    )


def credits_end(whose: str, course: str, spent: Decimal, allowed: Decimal, end_at: datetime | None) -> Message:
    """`end_at` is when what costs is ended, where they are used up."""
    figures = f"{spent:.2f} of {allowed:.2f} credits are used."
    if end_at is None:
        return Message(f"{whose} in {course} come to their end", f"{figures} When all are, clusters that cost end.\n")
    return Message(
        f"{whose} in {course} are used up",
        f"{figures} Clusters that cost end at {moment(end_at)}, unless there are credits again. Folders stay.\n",
    )


def ended(name: str, course: str, why: str, url: str) -> Message:
    return Message(
        f"Your cluster {name} has ended",
        f"Your cluster {name} in {course} has ended: {why}. Its machines go, and everything in its HDFS. Folders stay, "
        f"and logs and output of its jobs:\n{url}\n",
    )


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %B %H:%M} UTC"
