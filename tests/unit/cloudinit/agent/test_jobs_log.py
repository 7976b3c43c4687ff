"""A job's log: bounded on the node, complete and in order at the portal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloudinit.slipway_node.job_log import JobLog, LogSender, send_log
from cloudinit.slipway_node.portal import PortalClient, PortalRefusedError


def test_a_log_within_the_bound_is_kept_whole(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log", head=10, tail=10)
    for piece in (b"12345", b"67890abc", b"defghij"):
        log.write(piece)
    log.close()
    assert (tmp_path / "log").read_bytes() == b"1234567890abcdefghij"


def test_a_log_that_is_too_long_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log", head=10, tail=10)
    for number in range(1000):
        log.write(b"%04d\n" % number)
    log.close()
    text = (tmp_path / "log").read_bytes()
    assert text.startswith(b"0000\n0001\n\n[... ")
    assert text.endswith(b"]\n0998\n0999\n")
    assert b"4980 bytes of the log are left out" in text


def test_a_full_disk_does_not_end_the_job() -> None:
    log = JobLog(Path("/dev/full"), head=10, tail=10)
    for _ in range(100):
        log.write(b"12345\n")
    log.close()
    assert log.path == Path("/dev/full")


def test_it_sends_a_log_in_parts_and_in_order(
    portal: Any, client: PortalClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudinit.slipway_node.job_log.SEND_BYTES", 7)
    (tmp_path / "log").write_bytes(bytes(range(100)))
    assert send_log(client, "job", tmp_path / "log") == 100
    assert portal.logs["job"] == bytes(range(100))
    assert portal.calls.count("POST jobs/job/log") == 15


def test_it_skips_what_the_portal_has_and_goes_back_over_a_gap(
    portal: Any, client: PortalClient, tmp_path: Path
) -> None:
    (tmp_path / "log").write_bytes(b"abcdefgh")
    portal.logs["job"] = b"abc"
    assert send_log(client, "job", tmp_path / "log", offset=6) == 8
    assert portal.logs["job"] == b"abcdefgh"
    assert send_log(client, "job", tmp_path / "log") == 8
    assert portal.logs["job"] == b"abcdefgh"


def test_it_gives_up_on_a_portal_whose_log_does_not_grow(
    client: PortalClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log").write_bytes(b"abc")
    monkeypatch.setattr(client, "append_log", lambda *_: 0)
    with pytest.raises(PortalRefusedError, match="stays at 0 bytes"):
        send_log(client, "job", tmp_path / "log")


def test_it_sends_smaller_parts_to_a_portal_that_takes_no_large_ones(
    portal: Any, client: PortalClient, tmp_path: Path
) -> None:
    portal.faults["log"] = [413, 413]
    data = bytes(200_000)
    (tmp_path / "log").write_bytes(data)
    assert send_log(client, "job", tmp_path / "log") == len(data)
    assert portal.logs["job"] == data
    assert portal.calls.count("POST jobs/job/log") == 2 + 4


def test_it_gives_up_on_a_portal_that_takes_no_part_at_all(portal: Any, client: PortalClient, tmp_path: Path) -> None:
    portal.faults["log"] = [413] * 100
    (tmp_path / "log").write_bytes(b"abc")
    with pytest.raises(PortalRefusedError, match="413"):
        send_log(client, "job", tmp_path / "log")
    assert portal.calls.count("POST jobs/job/log") < 12


def test_it_sends_a_growing_log_through_an_outage(portal: Any, client: PortalClient, tmp_path: Path) -> None:
    portal.faults["log"] = [503]
    log = JobLog(tmp_path / "log")
    sender = LogSender(client, "job", log)
    log.write(b"one\n")
    portal.wait_for(lambda: portal.logs.get("job") == b"one\n")
    log.write(b"two\n")
    portal.wait_for(lambda: portal.logs["job"] == b"one\ntwo\n")
    log.close()
    sender.close()
