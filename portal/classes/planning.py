"""When a start for a class has to begin, and who would get a cluster. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from billing.credit import Standing
from portal.clusters.accounting.allocation import Bounds, Room
from portal.clusters.accounting.usage import Amounts
from portal.courses.limits import Limits

UNKNOWN = timedelta(minutes=5)  # until ready, where no cluster has told yet
SPARE = 1.25  # of the usual time: half of all clusters take longer than the median
BEFOREHAND = timedelta(minutes=2)
LONGEST_LEAD = timedelta(hours=3)
HOUR = timedelta(hours=1)


def usual_time(times: Iterable[timedelta]) -> timedelta:
    """Until a cluster is ready, from how long recent ones took."""
    found = [time.total_seconds() for time in times]
    return timedelta(seconds=median(found)) if found else UNKNOWN


def begins_at(ready_at: datetime, clusters: int, at_once: int, usual: timedelta, now: datetime) -> datetime:
    """So that the last ones are ready in time, which are made after all others; never in the past."""
    waves = max(1, math.ceil(clusters / at_once))
    lead = min(waves * usual * SPARE + BEFOREHAND, LONGEST_LEAD)
    return max(now, ready_at - lead)


def hours_from(now: datetime, ready_at: datetime, hours: int, limit: int | None) -> int:
    """Whole hours from now on that a cluster needs to last `hours` from when it is to be ready. What it is made earlier
    does not count against the limit of one cluster, where that allows the hours themselves."""
    needed = math.ceil((max(ready_at, now) + hours * HOUR - now) / HOUR)
    return max(hours, min(needed, limit)) if limit is not None else needed


def is_over(ready_at: datetime, hours: int, began_at: datetime | None, now: datetime, patience: timedelta) -> bool:
    """Whether a start is of no use any more: it began too late, as after a pause of the portal, or the class is over.
    One that began in time and takes long goes on until then."""
    return (began_at or now) > ready_at + patience or now >= ready_at + max(hours * HOUR, patience)


@dataclass(frozen=True)
class Candidate:
    """The limits of somebody, what is used of them, and what is asked for them."""

    limits: Limits
    used: Amounts
    asked: Amounts


def forecast(candidates: Iterable[Candidate], whole: Limits, used: Amounts, standing: Standing) -> list[str]:
    """For each in their order why it would be refused; empty where it would not. What is granted is taken from what is
    left for those who come after. `whole`, `used` and `standing` are the course's."""
    taken: dict[str, Decimal] = {name: Decimal(figure) for name, figure in used.items()}
    said: list[str] = []
    for each in candidates:
        passed = Room(Bounds(whole, each.limits), taken, each.used, standing).passed_by(each.asked)
        said.append(" ".join(excess.words for excess in passed))
        if not passed:
            taken |= {name: taken.get(name, Decimal()) + Decimal(figure) for name, figure in each.asked.items()}
            standing = replace(standing, remaining=standing.remaining - Decimal(each.asked.get("credits", 0)))
    return said
