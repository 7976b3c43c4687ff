"""Two ready clusters of two people of one course, and the victim's program at work: what every place begins with."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

from cli.slipway_client import Client
from tests.attacks.site import Cluster, Json, Pair
from tests.e2e.minicloud_harness import until

# How long the victim's program works on, at most.
WORK_SECONDS = 3600
BEGIN_SECONDS = 240


@contextlib.contextmanager
def two_clusters(
    attacker: Client,
    victim: Client,
    course: str,
    flavor: str,
    share_type: str,
    seconds: float,
    victims_flavor: str = "",
) -> Iterator[Pair]:
    """Each becomes ready, and is deleted at the end, within so many seconds. The attacker's may be larger: the programs
    of some attacks are ten Javas."""
    scratch = {"scratch": {"size_gb": 1, "share_type": share_type}}
    made = []
    try:
        made.append((attacker, make(attacker, course, "the attacker's", flavor, {})))
        made.append((victim, make(victim, course, "the victim's", victims_flavor or flavor, scratch)))
        clusters = [Cluster(who, who.wait_for_cluster(row["id"], seconds)) for who, row in made]
        assert [cluster.row["status"] for cluster in clusters] == ["ready", "ready"], clusters
        yield at_work(*clusters)
    finally:
        for who, row in made:
            who.delete_cluster(row["id"])
        for who, row in made:
            who.wait_for_cluster(row["id"], seconds, ends=("deleted",))


def make(who: Client, course: str, name: str, flavor: str, more: Json) -> Json:
    # Others of this house may have given them more than the one that they begin with.
    (found,) = [each for each in who.courses() if each["name"] == course]
    row: Json = who.create_cluster(found["id"], name, 1, flavor, 2, more=more)
    return row


def at_work(attacker: Cluster, victim: Cluster) -> Pair:
    words = f"the victim's words {secrets.token_hex(16)}"
    job = victim.start("victim.py", words=words, seconds=WORK_SECONDS)
    told = until("the victim's program", lambda: working(victim, job), BEGIN_SECONDS)
    return Pair(attacker=attacker, victim=victim, job=job, told=told, words=words)


def working(victim: Cluster, job: str) -> Any:
    """What the victim's program told, once it works on a machine."""
    told = victim.told(job)
    if told is None:
        assert victim.person.job(job)["status"] in ("queued", "running"), victim.person.log(job)[-3000:]
    return told
