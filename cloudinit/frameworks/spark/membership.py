"""Whether a node is a member of its cluster: asked of the master and the namenode, from the node's own address."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from cloudinit.slipway_node.node import Node

NAMENODE_PORT = 9870
MASTER_PORT = 8080
DATANODE_PORT = 9866
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


def troubles_of_cluster(node: Node) -> dict[str, str]:
    """What the master knows to be wrong, by the names of nodes; where it cannot be asked, the others are not blamed."""
    try:
        spark, hdfs = _ask(node, MASTER_PORT, "GET", "/json/"), _bean(node, "NameNodeInfo")
    except _NoAnswerError as error:
        return {node.master: str(error)}
    return known_troubles(
        spark, hdfs, {name: (node.host(name), address) for name, address in node.hosts.items()}, node.master
    )


def known_troubles(
    spark: Mapping[str, Any], hdfs: Mapping[str, Any], nodes: Mapping[str, tuple[str, str]], master: str
) -> dict[str, str]:
    """From the master's status and the namenode's information; `nodes`: name -> (host name, address)."""
    found = {master: f"HDFS takes no changes: {hdfs['Safemode']}"} if hdfs.get("Safemode") else {}
    for name, (host, address) in nodes.items():
        gaps = (worker_gap(spark, host), datanode_gap(hdfs, address)) if name != master else ()
        if any(gaps):
            found[name] = "; ".join(gap for gap in gaps if gap)
    return found


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
    states = [worker.get("state") for worker in status.get("workers", []) if worker.get("host") == host]
    if "ALIVE" in states:
        return ""
    if not states:
        return f"Spark's master does not know the worker {host}"
    return f"Spark's master says that the worker {host} is {states[-1]}"


def datanode_gap(information: Mapping[str, Any], address: str) -> str:
    """From the namenode's information: "" where the datanode at `address` is live, else what is wrong."""
    endpoint = f"{address}:{DATANODE_PORT}"
    # Among the dead ones are also those that may come, but never did: so only the live ones tell anything.
    live = json.loads(information.get("LiveNodes") or "{}").values()
    silences = [int(datanode.get("lastContact", 0)) for datanode in live if datanode.get("xferaddr") == endpoint]
    # HDFS counts a datanode among the live ones until ten minutes after its last word.
    if silences and silences[0] > LONGEST_SILENCE:
        return f"HDFS has not heard of the datanode at {endpoint} for {silences[0]} s"
    if silences:
        return ""
    return f"HDFS has no live datanode at {endpoint}"


class _NoAnswerError(Exception):
    """The service could not be asked, or did not answer as it should."""


def _bean(node: Node, name: str) -> Mapping[str, Any]:
    answer = _ask(node, NAMENODE_PORT, "GET", f"/jmx?qry=Hadoop:service=NameNode,name={name}")
    beans = answer.get("beans")
    if not isinstance(beans, list) or not beans:
        raise _NoAnswerError("the namenode is still starting")
    bean = beans[0]
    assert isinstance(bean, dict)
    return bean


def _ask(node: Node, port: int, method: str, path: str) -> Mapping[str, Any]:
    # From the node's own address: nothing else proves that the cluster takes THIS node for a friend.
    connection = http.client.HTTPConnection(
        node.master_address, port, timeout=ANSWER_SECONDS, source_address=(node.address, 0)
    )
    where = f"{node.master} at {node.master_address}:{port}"
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
