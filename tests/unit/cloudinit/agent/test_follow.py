"""An agent keeps its node as the portal says, and says so only when it is so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudinit.frameworks.node import ConfigurationFile
from cloudinit.slipway_node.follow import Follower
from cloudinit.slipway_node.host_list import digest_of, remember, remembered
from cloudinit.slipway_node.node import Node
from cloudinit.slipway_node.portal import PortalClient

from .conftest import CREDENTIAL, Portal


class Half:
    """A framework whose one file lists the nodes; `gaps` is what is unsettled at the next looks."""

    def __init__(self) -> None:
        self.gaps: list[str] = []

    def configuration(self, node: Node) -> list[ConfigurationFile]:
        return [ConfigurationFile(node.path("/etc/list"), " ".join([*sorted(node.hosts), *sorted(node.leaving)]))]

    def unsettled(self, node: Node, services: object) -> str:
        return self.gaps.pop(0) if self.gaps else ""


@pytest.fixture
def node(worker: Node, tmp_path: Path) -> Node:
    return replace(worker, root=tmp_path / "root")


@contextmanager
def following(portal: Portal, node: Node, half: Any) -> Iterator[Follower]:
    follower, stopping = Follower(PortalClient(portal.url, CREDENTIAL), node, half), threading.Event()
    thread = threading.Thread(target=follower.run, args=(stopping,))
    thread.start()
    try:
        yield follower
    finally:
        stopping.set()
        follower.interrupt()
        thread.join(5)
    assert not thread.is_alive()


def grown(node: Node) -> Node:
    return replace(node, hosts={**node.hosts, "worker-09": "127.88.3.19"})


def say(portal: Portal, node: Node) -> str:
    portal.say_hosts(digest_of(node), dict(node.hosts), sorted(node.leaving))
    return digest_of(node)


def test_a_node_that_comes_is_written_everywhere_and_then_known(portal: Portal, node: Node) -> None:
    with following(portal, node, Half()) as follower:
        portal.wait_for(lambda: portal.known == [digest_of(node)])
        digest = say(portal, grown(node))
        portal.wait_for(lambda: portal.known[-1:] == [digest])
        assert follower.node == grown(node)
    assert "worker-09" in node.path("/etc/list").read_text()
    assert "127.88.3.19" in node.path("/etc/hosts").read_text()


def test_what_is_not_settled_is_not_said_to_be_known(portal: Portal, node: Node) -> None:
    half = Half()
    half.gaps = ["HDFS does not admit worker-09 yet"] * 3
    with following(portal, node, half):
        digest = say(portal, grown(node))
        portal.wait_for(lambda: portal.known[-1:] == [digest])
        assert half.gaps == []


@pytest.mark.parametrize(
    "hosts", [{}, {"worker-01": "127.88.3.99"}, {"worker-01": "not an address"}, ["worker-01"], None]
)
def test_hosts_that_cannot_be_are_not_taken(portal: Portal, node: Node, hosts: Any) -> None:
    with following(portal, node, Half()) as follower:
        portal.say_hosts("x", hosts, [])
        portal.wait_for(lambda: len(portal.known) >= 2)
        assert follower.node == node
    assert set(portal.known) == {digest_of(node)}


def test_an_agent_that_starts_again_goes_on_with_what_was_said_last(portal: Portal, node: Node) -> None:
    with following(portal, node, Half()):
        digest = say(portal, grown(node))
        portal.wait_for(lambda: portal.known[-1:] == [digest])
    portal.known.clear()
    assert remembered(node) == grown(node)
    with following(portal, remembered(node), Half()):
        portal.wait_for(lambda: portal.known == [digest])


def test_a_node_that_leaves_is_settled_anew_by_each_agent(portal: Portal, node: Node) -> None:
    leaving = replace(node, leaving=frozenset({node.name}))
    half = Half()
    half.gaps = ["Spark still gives work to this node"]
    remember(leaving)
    digest = say(portal, leaving)
    with following(portal, remembered(node), half):
        portal.wait_for(lambda: portal.known[-1:] == [digest])
    assert portal.known[0] == ""
    assert half.gaps == []


def test_a_damaged_memory_is_no_memory(node: Node) -> None:
    remember(grown(node))
    (memory,) = node.path("/var/lib/slipway").iterdir()
    for text in ("", "{", "[]", '{"hosts": {"master": "127.88.3.10"}, "leaving": []}'):
        memory.write_text(text)
        assert remembered(node) == node
