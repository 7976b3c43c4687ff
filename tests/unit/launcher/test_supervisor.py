"""A supervisord that does not answer as it should."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.paths import Paths
from launcher.problem import Problem
from launcher.supervisor import Supervisor

ANSWERS = {"nothing": b"", "no HTTP": b"nonsense\r\n\r\n", "an error": b"HTTP/1.0 500 Internal Server Error\r\n\r\n"}


@pytest.fixture(params=["nobody", *ANSWERS])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Supervisor]:
    """Of a home in which nobody listens, or somebody who answers with this."""
    paths = Paths(tmp_path, tmp_path, tmp_path, tmp_path)
    if request.param == "nobody":
        yield Supervisor(paths)
        return

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(ANSWERS[request.param])

    with socketserver.UnixStreamServer(str(paths.supervisor_socket), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Supervisor(paths)
        server.shutdown()
        thread.join()


def test_who_wants_something_of_it_is_told_what_to_do(keeper: Supervisor) -> None:
    for want in (keeper.start, keeper.stop):
        with pytest.raises(Problem, match="supervisord does not answer") as told:
            want("web")
        assert told.value.why
        assert "look at the machine's load" in told.value.next_step


def test_who_only_looks_sees_that_there_is_none(keeper: Supervisor) -> None:
    assert not keeper.answers()
    assert keeper.statuses() == {}
    assert keeper.pid() is None
    keeper.shut_down()
