"""A node whose image has no bundle: what it fetches, and what it refuses. The mirror is a server of the test's own."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudinit.slipway_node import fetch as fetching
from cloudinit.slipway_node.facts import BEGAN, read_machine
from cloudinit.slipway_node.fetch import FetchError, Software, fetch, software_of
from cloudinit.slipway_node.handed import FACTS


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "slipway-store" / "bundle" / "1-abc").mkdir(parents=True)
    (made / "slipway-store" / "bundle" / "1-abc" / "VERSION").write_text("1-abc\n")
    (made / "slipway").symlink_to("slipway-store/bundle/1-abc")
    file = tmp_path / "bundle.tar"
    subprocess.run(["tar", "-cf", str(file), "-C", str(made), "slipway", "slipway-store"], check=True)
    return file


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """/opt of an image without the bundle: the link leads to what fetches it."""
    folder = tmp_path / "opt"
    (folder / "slipway-seed").mkdir(parents=True)
    (folder / "slipway").symlink_to("slipway-seed")
    return folder


class Mirror(http.server.BaseHTTPRequestHandler):
    content = b""
    answers: list[int] = []  # noqa: RUF012 - each test sets its own
    piece, pause = 1 << 20, 0.0
    closing = threading.Event()

    def do_GET(self) -> None:
        status = self.answers.pop(0) if self.answers else 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        for start in range(0, len(self.content), self.piece):
            if start and self.closing.wait(self.pause):
                return
            self.wfile.write(self.content[start : start + self.piece])
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(archive: Path) -> Iterator[str]:
    Mirror.content, Mirror.answers = archive.read_bytes(), []
    Mirror.piece, Mirror.pause, Mirror.closing = 1 << 20, 0.0, threading.Event()
    with http.server.HTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/bundle.tar"
        Mirror.closing.set()
        server.shutdown()
        thread.join()


def total(archive: Path) -> str:
    return hashlib.sha512(archive.read_bytes()).hexdigest()


def soon() -> float:
    return time.monotonic() + 60


def left(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_a_bundle_with_the_right_sum_becomes_the_nodes(archive: Path, mirror: str, place: Path) -> None:
    fetch(Software(mirror, total(archive)), place, soon())
    assert (place / "slipway" / "VERSION").read_text() == "1-abc\n"
    assert left(place) == ["slipway", "slipway-seed", "slipway-store"]


def test_a_wrong_sum_is_told_with_both_and_nothing_is_used(archive: Path, mirror: str, place: Path) -> None:
    with pytest.raises(FetchError) as refused:
        fetch(Software(mirror, "0" * 128), place, soon())
    assert total(archive) in str(refused.value)
    assert "0" * 128 in str(refused.value)
    assert left(place) == ["slipway", "slipway-seed"]
    assert (place / "slipway").readlink() == Path("slipway-seed")


def test_a_mirror_in_trouble_is_asked_again(archive: Path, mirror: str, place: Path) -> None:
    Mirror.answers = [503, 503, 200]
    pauses: list[float] = []
    fetch(Software(mirror, total(archive)), place, soon(), pauses.append)
    assert len(pauses) == 2
    assert (place / "slipway" / "VERSION").exists()


def test_a_mirror_without_it_is_told_at_once(mirror: str, place: Path) -> None:
    Mirror.answers = [404]
    with pytest.raises(FetchError, match="404"):
        fetch(Software(mirror, "0" * 128), place, soon())


def test_what_is_no_bundle_is_not_used(mirror: str, place: Path) -> None:
    Mirror.content = b"junk"
    with pytest.raises(FetchError, match="unpacked"):
        fetch(Software(mirror, hashlib.sha512(b"junk").hexdigest()), place, soon())
    assert left(place) == ["slipway", "slipway-seed"]


def test_a_mirror_that_only_trickles_is_given_up_in_time(archive: Path, mirror: str, place: Path) -> None:
    Mirror.piece, Mirror.pause = 1, 0.05  # thousands of bytes: minutes
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"in time.*more are to come"):
        fetch(Software(mirror, total(archive)), place, began + 0.5)
    assert time.monotonic() - began < 20
    assert left(place) == ["slipway", "slipway-seed"]


def test_what_a_killed_fetch_has_left_goes(archive: Path, mirror: str, place: Path) -> None:
    (place / ".slipway-killed" / "slipway-store").mkdir(parents=True)
    fetch(Software(mirror, total(archive)), place, soon())
    assert left(place) == ["slipway", "slipway-seed", "slipway-store"]


def test_the_boot_is_told_when_the_fetch_began_as_both_have_one_bound(
    archive: Path, mirror: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "facts.json"
    software = {"url": mirror, "sha512": total(archive)}
    facts.write_text(json.dumps({"cluster": {"boot_seconds": "60", "software": software}}))
    monkeypatch.setattr(fetching, "PATH", str(facts))
    called: list[tuple[Path, list[str], float]] = []
    monkeypatch.setattr(
        os, "execve", lambda program, words, environment: called.append((program, words, float(environment[BEGAN])))
    )
    before = time.monotonic()
    fetching.main(place, ["boot"])
    ((program, words, began),) = called
    assert (program, words[1:]) == (place / "slipway/bin/slipway-node", ["boot"])
    assert before <= began <= time.monotonic()
    assert read_machine({"PATH": os.environ["PATH"], BEGAN: str(began)}).began == began


def test_facts_in_the_environment_are_taken_before_there_is_any_bundle(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLIPWAY_NODE_ROOT", str(tmp_path))
    monkeypatch.setenv(FACTS, json.dumps({"cluster": {}}))
    monkeypatch.setattr(fetching, "PATH", str(tmp_path / "etc/slipway/facts.json"))
    assert fetching.main(place, ["boot"]) == 1
    assert "the facts do not say where to fetch it" in capsys.readouterr().err
    assert FACTS not in os.environ


@pytest.mark.parametrize("document", [{}, {"cluster": {}}, {"cluster": {"software": {"url": "http://x"}}}])
def test_facts_that_do_not_say_where_it_is_are_refused(document: dict[str, object]) -> None:
    with pytest.raises(FetchError, match="SLIPWAY_SOFTWARE"):
        software_of(document)
