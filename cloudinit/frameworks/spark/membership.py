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
    if any(datanode.get("xferaddr") == endpoint for datanode in live):
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
