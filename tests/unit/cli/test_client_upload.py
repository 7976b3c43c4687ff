"""A job's form, as Django reads it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from cli.slipway_client import Client

NAMES = [
    "a b.csv",
    "ü 😀 東京.csv",
    'quote".csv',
    "apostrophe's.csv",
    "semi;colon=1.csv",
    "100%25.csv",
    "[x]{1}*?.csv",
    " spaces around ",
    "a&b.csv",
]


def _read(call: Any) -> tuple[Any, Any]:
    """Fields and files."""
    if not settings.configured:
        settings.configure()
    from django.core.files.uploadhandler import MemoryFileUploadHandler
    from django.http.multipartparser import MultiPartParser

    meta = {"CONTENT_TYPE": call.headers["Content-Type"], "CONTENT_LENGTH": call.headers["Content-Length"]}
    return MultiPartParser(meta, io.BytesIO(call.body), [MemoryFileUploadHandler()]).parse()


@pytest.fixture
def client(server: Any) -> Client:
    server.will_answer(202, {"id": "j-1", "status": "queued"})
    return Client(server.url, "token")


def test_names_arrive_as_they_are(server: Any, client: Client, tmp_path: Path) -> None:
    for name in [*NAMES, "my job.py"]:
        (tmp_path / name).write_bytes(name.encode())
    job = client.submit_job("c-1", tmp_path / "my job.py", ["x", "ü"], [tmp_path / name for name in NAMES])
    fields, files = _read(server.calls[0])
    assert job == {"id": "j-1", "status": "queued"}
    assert json.loads(fields["arguments"]) == ["x", "ü"]
    assert (files["application"].name, files["application"].read()) == ("my job.py", b"my job.py")
    assert [file.name for file in files.getlist("files")] == NAMES
    assert [file.read() for file in files.getlist("files")] == [name.encode() for name in NAMES]


def test_bytes_arrive_as_they_are(server: Any, client: Client, tmp_path: Path) -> None:
    data = bytes(range(256)) * 8000 + b"\r\n--slipway-\r\n"
    (tmp_path / "job.py").write_bytes(b"")
    (tmp_path / "data.bin").write_bytes(data)
    client.submit_job("c-1", tmp_path / "job.py", [], [tmp_path / "data.bin"])
    _, files = _read(server.calls[0])
    assert files["application"].size == 0
    assert files["files"].read() == data


@pytest.mark.parametrize("name", ["a\\b.csv", "a&amp;b.csv", "a&copy.csv", "a\nb.csv"])
def test_a_name_that_would_not_arrive_is_refused_before_anything_is_sent(
    server: Any, client: Client, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"1")
    (tmp_path / "job.py").write_bytes(b"")
    with pytest.raises(ValueError, match="Rename the file"):
        client.submit_job("c-1", tmp_path / "job.py", [], [tmp_path / name])
    assert server.calls == []


def test_a_file_that_is_not_there_is_told_before_anything_is_sent(server: Any, client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.submit_job("c-1", tmp_path / "none.py")
    assert server.calls == []


def test_a_file_that_cannot_be_read_is_no_trouble_of_the_portals(server: Any, client: Client, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_bytes(b"")
    (tmp_path / "data").mkdir()
    with pytest.raises(IsADirectoryError):
        client.submit_job("c-1", tmp_path / "job.py", [], [tmp_path / "data"])
