"""Who answers on a port: our service, or somebody else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from launcher import processes, services

SERVE = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"


def test_it_tells_its_own_listener_from_anothers() -> None:
    me = processes.identify(os.getpid())
    assert me is not None
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert services.listens(me, port)
    assert not services.listens(me, port)
    with subprocess.Popen([sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        assert not services.listens(me, port)
        them = processes.identify(other.pid)
        assert them is not None
        assert services.listens(them, port)
        other.kill()
