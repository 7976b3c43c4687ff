"""How much memory each Java program of a node gets, by the node's flavor. All in MiB."""

from __future__ import annotations

from dataclasses import dataclass

SMALL_MB = 2048  # up to here a node is small: what starts soon matters more than what runs for hours
LEAST_JOB_MB = 512  # Spark refuses less than 450
DAEMONS_MB = 448  # two daemons with all their overhead, the supervisor, the agent
STEP_MB = 64


@dataclass(frozen=True)
class Sizes:
    """Heaps in MiB. `offered` is what a worker tells the master that executors may have."""

    namenode: int
    datanode: int
    master: int
    worker: int
    driver: int
    executor: int
    offered: int
    small: bool


def sizes(memory_mb: int) -> Sizes:
    """Half of what the daemons leave is a job's heap; the other half is for its Python and Java's own needs."""
    heap = max(LEAST_JOB_MB, (memory_mb - DAEMONS_MB) // 2 // STEP_MB * STEP_MB)
    daemon = 1 if memory_mb <= SMALL_MB else 2 if memory_mb <= 4 * SMALL_MB else 4
    return Sizes(
        namenode=128 * daemon,
        datanode=96 * daemon,
        master=128 * daemon,
        worker=128 * daemon,
        driver=heap,
        executor=heap,
        offered=heap,
        small=memory_mb <= SMALL_MB,
    )
