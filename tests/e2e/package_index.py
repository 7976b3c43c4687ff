"""An index of Python packages on loopback, with a wheel that is made here."""

from __future__ import annotations

import contextlib
import functools
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def add_wheel(folder: Path, name: str, version: str, text: str, needs: str) -> None:
    """A package of one module, `text`, that needs another one."""
    information = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": text,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: {needs}\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    place = folder / "simple" / name
    place.mkdir(parents=True)
    with zipfile.ZipFile(place / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
        wheel.writestr(f"{information}/RECORD", "".join(f"{path},,\n" for path in [*files, f"{information}/RECORD"]))


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve the packages of a folder; the index's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()
