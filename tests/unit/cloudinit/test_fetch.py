"""A node whose image has no bundle: what it fetches, and what it refuses. The mirror is a server of the test's own."""

from __future__ import annotations

import hashlib
import http.server
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudinit.slipway_node.fetch import FetchError, Software, fetch, software_of


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

    def do_GET(self) -> None:
        status = self.answers.pop(0) if self.answers else 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(archive: Path) -> Iterator[str]:
    Mirror.content, Mirror.answers = archive.read_bytes(), []
    with http.server.HTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/bundle.tar"
        server.shutdown()
        thread.join()


def total(archive: Path) -> str:
    return hashlib.sha512(archive.read_bytes()).hexdigest()


def left(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_a_bundle_with_the_right_sum_becomes_the_nodes(archive: Path, mirror: str, place: Path) -> None:
    fetch(Software(mirror, total(archive)), place)
    assert (place / "slipway" / "VERSION").read_text() == "1-abc\n"
    assert left(place) == ["slipway", "slipway-seed", "slipway-store"]


def test_a_wrong_sum_is_told_with_both_and_nothing_is_used(archive: Path, mirror: str, place: Path) -> None:
    with pytest.raises(FetchError) as refused:
        fetch(Software(mirror, "0" * 128), place)
    assert total(archive) in str(refused.value)
    assert "0" * 128 in str(refused.value)
    assert left(place) == ["slipway", "slipway-seed"]
    assert (place / "slipway").readlink() == Path("slipway-seed")


def test_a_mirror_in_trouble_is_asked_again(archive: Path, mirror: str, place: Path) -> None:
    Mirror.answers = [503, 503, 200]
    pauses: list[float] = []
    fetch(Software(mirror, total(archive)), place, pauses.append)
    assert len(pauses) == 2
    assert (place / "slipway" / "VERSION").exists()


def test_a_mirror_without_it_is_told_at_once(mirror: str, place: Path) -> None:
    Mirror.answers = [404]
    with pytest.raises(FetchError, match="404"):
        fetch(Software(mirror, "0" * 128), place)


def test_what_is_no_bundle_is_not_used(mirror: str, place: Path) -> None:
    Mirror.content = b"junk"
    with pytest.raises(FetchError, match="unpacked"):
        fetch(Software(mirror, hashlib.sha512(b"junk").hexdigest()), place)
    assert left(place) == ["slipway", "slipway-seed"]


@pytest.mark.parametrize("document", [{}, {"cluster": {}}, {"cluster": {"software": {"url": "http://x"}}}])
def test_facts_that_do_not_say_where_it_is_are_refused(document: dict[str, object]) -> None:
    with pytest.raises(FetchError, match="SLIPWAY_SOFTWARE"):
        software_of(document)
