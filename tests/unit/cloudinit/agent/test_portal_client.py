"""The node's HTTP client of the portal."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cloudinit.slipway_node.portal import (
    Backoff,
    CredentialRefusedError,
    Event,
    PortalClient,
    PortalRefusedError,
    PortalUnavailableError,
)


def test_it_posts_an_event_in_the_contracts_form(portal: Any, client: PortalClient) -> None:
    client.send_event(Event("hosts", "done", 0.25, "three hosts", "line\n"))
    assert portal.events == [
        {"step": "hosts", "state": "done", "seconds": 0.25, "message": "three hosts", "log": "line\n"}
    ]


def test_it_calls_from_the_nodes_own_address(portal: Any) -> None:
    client = PortalClient(portal.url, "9b0c.master.f00d", source_address="127.77.0.9")
    client.send_event(Event("hosts", "done", 0.1))
    assert portal.callers == {"127.77.0.9"}


def test_it_says_when_the_credential_is_refused(portal: Any) -> None:
    with pytest.raises(CredentialRefusedError, match=r"401: The cluster is gone\."):
        PortalClient(portal.url, "other").commands(0)


def test_it_tells_an_outage_from_a_refusal(portal: Any, client: PortalClient) -> None:
    portal.faults["commands"] = [503, 404]
    with pytest.raises(PortalUnavailableError, match="503"):
        client.commands(0)
    with pytest.raises(PortalRefusedError, match="404"):
        client.commands(0)


def test_it_gets_the_command_that_is_offered(portal: Any, client: PortalClient) -> None:
    offered = portal.submit("print()")
    (command,) = client.commands(5)
    assert (command.id, command.kind, command.body["job"]) == (offered["id"], "run-job", offered["job"])


def test_it_ends_a_long_poll_when_interrupted(portal: Any, client: PortalClient) -> None:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(client.commands(25)))
    began = time.monotonic()
    thread.start()
    portal.wait_for(lambda: "GET commands" in portal.calls)
    client.interrupt()
    thread.join(10)
    assert answers == [[]]
    assert time.monotonic() - began < 5
    assert client.commands(25) == []


def test_it_knows_that_a_lease_is_gone(portal: Any, client: PortalClient) -> None:
    portal.unwanted.add("two")
    assert client.renew_lease("one")
    assert not client.renew_lease("two")


def test_it_gets_the_key_of_a_mount(portal: Any, client: PortalClient) -> None:
    portal.keys["mounts/1/key"] = {"user": "slipway-5b6c", "key": "AQ=="}
    assert client.mount_key(1) == ("slipway-5b6c", "AQ==")


@pytest.mark.parametrize("answer", [{}, {"user": "x"}, {"user": "x,secret=y", "key": "k"}])
def test_it_takes_no_answer_for_a_key_that_would_add_options_to_a_mount(
    portal: Any, client: PortalClient, answer: dict[str, str]
) -> None:
    portal.keys["mounts/0/key"] = answer
    with pytest.raises(PortalUnavailableError, match="no key for the mount 0"):
        client.mount_key(0)


def test_it_leaves_nothing_of_a_download_that_was_cut_off(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_short, args=(listener,))
        thread.start()
        short = PortalClient(f"http://127.0.0.1:{listener.getsockname()[1]}", "c")
        with pytest.raises(PortalUnavailableError, match="3 of 10 bytes"):
            short.download_application("one", tmp_path / "job.py")
        thread.join()
    assert list(tmp_path.iterdir()) == []


def _answer_short(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")


def test_it_goes_on_from_where_the_portal_says(portal: Any, client: PortalClient) -> None:
    assert client.append_log("job", 0, b"abc") == 3
    assert client.append_log("job", 2, b"cde") == 5
    assert client.append_log("job", 9, b"late") == 5
    assert portal.logs["job"] == b"abcde"


def test_it_keeps_every_letter_of_an_outputs_path(portal: Any, client: PortalClient, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    path = "a b/ü 100%?&#+[x].csv"
    client.put_output("job", path, tmp_path / "one")
    assert portal.outputs == {("job", path): b"1"}


def test_it_hears_a_refusal_that_comes_before_the_body_is_read(
    portal: Any, client: PortalClient, tmp_path: Path
) -> None:
    with (tmp_path / "large").open("wb") as large:
        large.truncate(64 * 1024 * 1024)
    portal.faults["unread"] = [413]
    with pytest.raises(PortalRefusedError, match="413: Too large"):
        client.put_output("job", "large", tmp_path / "large")


@pytest.mark.parametrize("url", ["", "portal:8000", "ftp://portal", "http://"])
def test_it_refuses_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        PortalClient(url, "c")


def test_its_pauses_grow_within_their_bounds() -> None:
    backoff = Backoff()
    pauses = [backoff.pause() for _ in range(40)]
    assert all(0.2 <= pause <= 5.0 for pause in pauses)
    assert pauses[0] <= 0.2
    assert min(pauses[10:]) >= 2.5
    backoff.reset()
    assert backoff.pause() <= 0.2
