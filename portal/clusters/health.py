"""How a cluster that is ready is now, from what its master says of the nodes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

# The master gives a sign of life every 25 s.
SILENCE = timedelta(seconds=75)


@dataclass(frozen=True)
class Health:
    """`state`: good, trouble (of some nodes) or silent (nothing is known); `text` says which and what to do."""

    state: str
    text: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def health(ready_at: datetime, heard_at: datetime | None, troubles: Mapping[str, str], now: datetime) -> Health:
    """`troubles`: what is wrong, by the names of all nodes; empty texts where all is well."""
    heard = max(ready_at, heard_at or ready_at)
    if now - heard > SILENCE:
        return Health(
            "silent",
            "The master has not been heard of for a while. It may be cut off or overloaded; jobs wait until it is "
            "back. If it stays away it is lost, and with it the names of all files in HDFS: delete this cluster and "
            "create it again.",
        )
    if unwell := [name for name, trouble in troubles.items() if trouble]:
        return Health(
            "trouble",
            f"{len(unwell)} of {len(troubles)} machines in trouble: {', '.join(unwell)}. The others go on; a service "
            "that ended is started again by itself. If this stays, a worker can be replaced; a lost master is the "
            "end of the cluster.",
        )
    return Health("good", "All machines are well.")
