"""Ports that are taken are named before anything starts; names of nodes stand in the right file."""

from __future__ import annotations

import os
import socket

import pytest

from cloudinit.slipway_node.hosts import BEGIN, END, host_lines, with_block, write_hosts
from cloudinit.slipway_node.node import Node
from cloudinit.slipway_node.ports import PortTakenError, check_ports


def test_it_names_the_port_and_the_process_that_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port} on 127\.0\.0\.1 is taken by .*process {os.getpid()}\)"):
            check_ports("127.0.0.1", [port])
    check_ports("127.0.0.1", [port])


@pytest.mark.usefixtures("bad_name")
def test_it_names_a_process_whose_name_is_no_text() -> None:
    test_it_names_the_port_and_the_process_that_holds_it()


def test_it_sees_a_server_that_listens_on_all_addresses() -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as server,  # noqa: S104
        pytest.raises(PortTakenError, match="is taken"),
    ):
        check_ports("127.77.7.7", [server.getsockname()[1]])


def test_it_says_when_the_address_is_not_the_machines() -> None:
    with pytest.raises(PortTakenError, match="not an address of this machine"):
        check_ports("192.0.2.1", [1])


def test_it_writes_all_nodes_localhost_and_the_machines_own_name(worker: Node) -> None:
    write_hosts(worker)
    lines = worker.path("/etc/hosts").read_text().splitlines()
    assert lines[0] == "127.0.0.1 localhost"
    assert "127.88.3.10 master.c1.slipway.internal master" in lines
    assert any(line.split()[0] == worker.address and socket.gethostname() in line for line in lines)
    assert host_lines(worker, "odd-name")[-1] == "127.88.3.11 odd-name"


def test_it_keeps_the_lines_of_others_and_replaces_its_own_block() -> None:
    own = "127.0.0.1 localhost\n::1 ip6-localhost\n"
    first = with_block(own, ["10.0.0.1 a"])
    second = with_block(first, ["10.0.0.2 b"])
    assert second == f"{own}{BEGIN}\n10.0.0.2 b\n{END}\n"
