"""A program that listens on every address takes the servers' ports away: it is named."""

from __future__ import annotations

import os
import socket

import pytest

from minicloud import ports
from minicloud.addresses import Block
from minicloud.errors import MinicloudError

BLOCK = Block("127.66.66")


def test_it_names_the_port_and_the_process_that_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as channel:
        channel.bind(("0.0.0.0", 0))  # noqa: S104 - the very thing that is to be found
        channel.listen()
        port = channel.getsockname()[1]
        monkeypatch.setattr(ports, "SERVER_PORTS", (port,))
        with pytest.raises(MinicloudError, match=rf"{port} \(process {os.getpid()}, "):
            ports.check(BLOCK)
    ports.check(BLOCK)


def test_it_does_not_mind_a_program_that_listens_on_one_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as channel:
        channel.bind(("127.0.0.1", 0))
        channel.listen()
        monkeypatch.setattr(ports, "SERVER_PORTS", (channel.getsockname()[1],))
        ports.check(BLOCK)


@pytest.mark.usefixtures("bad_name")
def test_it_names_a_process_whose_name_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    test_it_names_the_port_and_the_process_that_holds_it(monkeypatch)
