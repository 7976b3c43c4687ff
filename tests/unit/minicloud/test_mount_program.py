"""A server's mount program asks compute once, and again only where the connection broke."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicloud import mount_program

NOBODY = 65534


class Door:
    """Who answers a server; `answers`: what it says to each who comes in, None to say nothing, empty to close."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[bytes] = []
        self.answers: list[str | None] = []
        self.channels: list[socket.socket] = []
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door.bind(str(path))
        self.door.listen(8)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            channel, _ = self.door.accept()
            self.channels.append(channel)
            packet = channel.recv(8192)
            if not packet:
                return
            self.asked.append(packet)
            answer = self.answers.pop(0) if self.answers else None
            if answer:
                channel.send(json.dumps({"error": answer}).encode())
            elif answer is not None:
                channel.close()

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as last:
            last.connect(str(self.path))
        self.thread.join(10)
        for channel in [self.door, *self.channels]:
            channel.close()


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr(mount_program, "PAUSE_SECONDS", 0.0)
    made = Door(tmp_path / "door")
    yield made
    made.close()


def test_it_asks_once_and_waits_for_the_answer_until_its_time_is_over(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mount_program, "ANSWER_SECONDS", 0.5)
    assert mount_program.ask(str(door.path), {"verb": "mount"}) == "the cloud's compute does not answer: timed out"
    assert len(door.asked) == 1


def test_it_asks_again_where_the_connection_broke(door: Door) -> None:
    door.answers = ["", "", "busy"]
    assert mount_program.ask(str(door.path), {"verb": "mount"}) == "busy"
    assert door.asked == [b'{"verb": "mount"}'] * 3


def test_who_may_not_come_to_the_door_is_told_so_at_once(tmp_path: Path) -> None:
    folder, user = tmp_path / "closed", os.geteuid()
    folder.mkdir(mode=0o000)
    os.seteuid(user or NOBODY)
    try:
        said = mount_program.ask(str(folder / "door"), {"verb": "mount"})
    finally:
        os.seteuid(user)
        folder.chmod(0o700)
    assert said == "only root may mount"


def test_it_says_why_it_got_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mount_program, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(mount_program, "ANSWER_SECONDS", 0.2)
    assert "No such file" in mount_program.ask(str(tmp_path / "door"), {"verb": "mount"})
