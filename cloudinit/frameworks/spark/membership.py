"""Whether a node is a member of its cluster: asked of the master and the namenode, from the node's own address."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..node import Report

if TYPE_CHECKING:
    from cloudinit.slipway_node.node import Node

    from ..node import Services

Place = tuple[str, str]  # of a node: its host name, its address
NAMENODE_PORT = 9870
MASTER_PORT = 8080
WORKER_PORT = 8081
ANSWER_SECONDS = 3.0
LONGEST_SILENCE = 15  # seconds; a datanode's heart beats every three, or every second
# What Spark's worker logs when it starts, and when the master ends the connection in the middle of their handshake.
WORKER_START = "Worker: Started daemon"
CUT_OFF = "Exception while bootstrapping client"
CONCLUSIVE = 3  # one or two may be a master that is just starting again
ANSWER_LIMIT = 32 * 1024 * 1024
# Any user's job may make its folder, and only its own: as in /tmp.
JOBS_FOLDER, JOBS_PERMISSION = "/jobs", "1777"


def missing_of_master(node: Node, user: str) -> str:
    """What the master lacks; makes the folder of the jobs as soon as HDFS can be written."""
    try:
        status = _bean(node, "FSNamesystemState").get("FSState")
        if status != "Operational":
            return f"HDFS is not ready for writing (its state is {status})"
        query = urlencode({"op": "MKDIRS", "permission": JOBS_PERMISSION, "user.name": user})
        made = _ask(node, NAMENODE_PORT, "PUT", f"/webhdfs/v1{JOBS_FOLDER}?{query}")
        if made.get("boolean") is not True:
            return f"HDFS did not make {JOBS_FOLDER}: {json.dumps(made)[:300]}"
        state = _ask(node, MASTER_PORT, "GET", "/json/").get("status")
    except _NoAnswerError as error:
        return str(error)
    return "" if state == "ALIVE" else f"Spark's master is {state}"


def missing_of_worker(node: Node) -> str:
    """What the worker lacks."""
    try:
        return worker_gap(_ask(node, MASTER_PORT, "GET", "/json/"), node.host(node.name)) or datanode_gap(
            _bean(node, "NameNodeInfo"), node.address
        )
    except _NoAnswerError as error:
        return str(error)


def report_of_cluster(node: Node) -> Report:
    """What the master knows; where it cannot be asked, the others are not blamed."""
    try:
        spark, hdfs = _ask(node, MASTER_PORT, "GET", "/json/"), _bean(node, "NameNodeInfo")
        figures = _bean(node, "FSNamesystem") if node.leaving else {}
    except _NoAnswerError as error:
        return Report({node.master: str(error)})
    places = _places(node)
    present = {name: place for name, place in places.items() if name not in node.leaving}
    return Report(
        known_troubles(spark, hdfs, present, node.master),
        storage_of(hdfs, places),
        {
            name: departure_gap(spark, hdfs, figures, places[name]) or _executors(node, name)
            for name in sorted(node.leaving)
        },
        idle_seconds(spark, time.time()),
    )


def unsettled_master(node: Node) -> str:
    """Which node the namenode does not treat yet as the lists say."""
    try:
        return listing_gap(_bean(node, "NameNodeInfo"), _places(node), node.leaving)
    except _NoAnswerError as error:
        return str(error)


def unsettled_worker(node: Node, services: Services) -> str:
    """Takes Spark's worker out of use where the node leaves, and brings it back where it stays after all."""
    try:
        state = worker_state(_ask(node, MASTER_PORT, "GET", "/json/"), node.host(node.name))
    except _NoAnswerError as error:
        return str(error)
    if node.name in node.leaving and state == "ALIVE":
        # It takes no more work, and its executors end when theirs is done.
        services.signal("worker", "PWR")
        return "Spark still gives work to this node"
    if node.name not in node.leaving and state == "DECOMMISSIONED":
        services.restart("worker")
        return "Spark gives no work to this node yet"
    return ""


def known_troubles(
    spark: Mapping[str, Any], hdfs: Mapping[str, Any], places: Mapping[str, Place], master: str
) -> dict[str, str]:
    """From the master's status and the namenode's information."""
    found = {master: f"HDFS takes no changes: {hdfs['Safemode']}"} if hdfs.get("Safemode") else {}
    for name, (host, address) in places.items():
        gaps = (worker_gap(spark, host), datanode_gap(hdfs, address)) if name != master else ()
        if any(gaps):
            found[name] = "; ".join(gap for gap in gaps if gap)
    return found


def idle_seconds(spark: Mapping[str, Any], now: float) -> int | None:
    """From the master's status: since an application last ran on it, 0 while one does, None before the first one."""
    if spark.get("activeapps"):
        return 0
    # In milliseconds; the master and this node have one clock.
    ends = [int(app.get("starttime", 0)) + int(app.get("duration", 0)) for app in spark.get("completedapps", [])]
    return max(0, int(now - max(ends) / 1000)) if ends else None


def storage_of(hdfs: Mapping[str, Any], places: Mapping[str, Place]) -> dict[str, dict[str, int]]:
    """Bytes and blocks of the datanodes that live."""
    names = {address: name for name, (_, address) in places.items()}
    keys = {"capacity": "capacity", "used": "usedSpace", "remaining": "remaining", "blocks": "numBlocks"}
    return {
        names[address]: {key: int(datanode.get(word, 0)) for key, word in keys.items()}
        for address, datanode in _datanodes(hdfs, "LiveNodes").items()
        if address in names
    }


def departure_gap(spark: Mapping[str, Any], hdfs: Mapping[str, Any], figures: Mapping[str, Any], place: Place) -> str:
    """What keeps a node that is to leave: work that it may still get, or blocks that only it has; "" where nothing.

    `figures`: those of the namenode's file system.
    """
    host, address = place
    if worker_state(spark, host) == "ALIVE":
        return "Spark still gives work to it"
    live, dead = _datanodes(hdfs, "LiveNodes").get(address, {}), _datanodes(hdfs, "DeadNodes").get(address, {})
    if live.get("adminState") == "Decommissioned":
        return _open_files_gap(figures)
    if dead.get("decommissioned"):
        return _lost_blocks_gap(hdfs, figures)
    progress = _datanodes(hdfs, "DecomNodes").get(address)
    if progress is None:
        return "HDFS has not begun to copy its blocks"
    return f"HDFS has still to copy {progress.get('underReplicatedBlocks', 0)} of its blocks"


def _open_files_gap(figures: Mapping[str, Any]) -> str:
    # HDFS looks at whole blocks only (HDFS-17658): the one that a file still grows by may be on this node alone.
    count = int(figures.get("NumFilesUnderConstruction", 0))
    return f"a file in HDFS is still being written ({count} are open), and its last block may be on it" if count else ""


def _lost_blocks_gap(hdfs: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    # A datanode that is dead counts as decommissioned at once, whatever only it has.
    if missing := int(hdfs.get("NumberOfMissingBlocks", 0)):
        return f"its datanode is dead, and {missing} blocks are on no node that lives: they may be on its disks alone"
    last = int(hdfs.get("HighestPriorityLowRedundancyReplicatedBlocks", 0))
    if left := last + int(figures.get("PendingReconstructionBlocks", 0)):
        return f"its datanode is dead, and HDFS has still to copy {left} blocks of which there are too few"
    return ""


def listing_gap(hdfs: Mapping[str, Any], places: Mapping[str, Place], leaving: Set[str]) -> str:
    """From the namenode's information: the first worker that it does not know, or wrongly takes for (not) leaving."""
    known = _datanodes(hdfs, "DeadNodes") | _datanodes(hdfs, "LiveNodes")
    for name, (_, address) in places.items():
        if address not in known:
            return f"HDFS does not admit {name} yet"
        on_its_way = known[address].get("adminState") != "In Service"
        if on_its_way != (name in leaving) and "adminState" in known[address]:
            return f"HDFS does not know yet that {name} {'leaves' if name in leaving else 'stays'}"
    return ""


def refusal(log: str) -> str:
    """From the end of the worker's log: that the master refuses this node's secret; "" where it does not.

    A worker with another secret is cut off at each attempt to register, and goes on trying for ten minutes.
    """
    _, _, present = log.rpartition(WORKER_START)
    if present.count(CUT_OFF) < CONCLUSIVE:
        return ""
    return "Spark's master refuses this node's secret: the node was given another one than the master"


def worker_gap(status: Mapping[str, Any], host: str) -> str:
    """From the master's status: "" where a worker on `host` is ALIVE, else what is wrong."""
    state = worker_state(status, host)
    if state == "ALIVE":
        return ""
    if not state:
        return f"Spark's master does not know the worker {host}"
    return f"Spark's master says that the worker {host} is {state}"


def worker_state(status: Mapping[str, Any], host: str) -> str:
    """From the master's status: ALIVE where one on `host` is, else the last one's state, or ""."""
    states = [str(worker.get("state")) for worker in status.get("workers", []) if worker.get("host") == host]
    return "ALIVE" if "ALIVE" in states else (states or [""])[-1]


def datanode_gap(information: Mapping[str, Any], address: str) -> str:
    """From the namenode's information: "" where the datanode at `address` is live, else what is wrong."""
    # Among the dead ones are also those that may come, but never did: so only the live ones tell anything.
    datanode = _datanodes(information, "LiveNodes").get(address)
    if datanode is None:
        return f"HDFS has no live datanode at {address}"
    # HDFS counts a datanode among the live ones until ten minutes after its last word.
    silence = int(datanode.get("lastContact", 0))
    return f"HDFS has not heard of the datanode at {address} for {silence} s" if silence > LONGEST_SILENCE else ""


class _NoAnswerError(Exception):
    """The service could not be asked, or did not answer as it should."""


def _datanodes(information: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Of the namenode's lists the one of this kind, by the datanodes' addresses."""
    listed = json.loads(information.get(kind) or "{}").values()
    return {str(datanode.get("xferaddr")).rpartition(":")[0]: datanode for datanode in listed}


def _places(node: Node) -> dict[str, Place]:
    return {name: (node.host(name), address) for name, address in node.hosts.items() if name != node.master}


def _executors(node: Node, name: str) -> str:
    """What still runs on a worker that gets no more work: its own page knows, while it is there."""
    try:
        running = _ask(node, WORKER_PORT, "GET", "/json/", name).get("executors", [])
    except _NoAnswerError:
        return ""
    return f"jobs still run on it, in {len(running)} executors" if running else ""


def _bean(node: Node, name: str) -> Mapping[str, Any]:
    answer = _ask(node, NAMENODE_PORT, "GET", f"/jmx?qry=Hadoop:service=NameNode,name={name}")
    beans = answer.get("beans")
    if not isinstance(beans, list) or not beans:
        raise _NoAnswerError("the namenode is still starting")
    bean = beans[0]
    assert isinstance(bean, dict)
    return bean


def _ask(node: Node, port: int, method: str, path: str, of: str = "") -> Mapping[str, Any]:
    """The answer of a service of the master, or of the node `of`."""
    # From the node's own address: nothing else proves that the cluster takes THIS node for a friend.
    connection = http.client.HTTPConnection(
        node.hosts[of or node.master], port, timeout=ANSWER_SECONDS, source_address=(node.address, 0)
    )
    where = f"{of or node.master} at {node.hosts[of or node.master]}:{port}"
    try:
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read(ANSWER_LIMIT)
        if response.status != 200:
            raise _NoAnswerError(f"{where} answered {response.status} to {path.partition('?')[0]}")
        answer = json.loads(body)
    except (OSError, http.client.HTTPException) as error:
        raise _NoAnswerError(f"{where} does not answer yet ({error or type(error).__name__})") from error
    except ValueError as error:
        raise _NoAnswerError(f"{where} did not answer in JSON") from error
    if not isinstance(answer, dict):
        raise _NoAnswerError(f"{where} did not answer with a JSON object")
    return answer
