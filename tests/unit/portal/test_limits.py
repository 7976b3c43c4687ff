"""A request that is too large is answered before anything of it is kept."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.conf import settings as configured

from portal.limits import FORM_LIMIT, BodyLimit, limit_of


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"taken"})


def ask(pieces: list[bytes], **headers: str) -> tuple[int, bytes]:
    scope = {
        "type": "http",
        "path": "/api/v1/auth/tokens",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[Any] = []
    left = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    left.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return left.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(BodyLimit(read_all)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_a_small_one_passes() -> None:
    assert ask([b"x" * 1000], content_length="1000") == (200, b"taken")


@pytest.mark.parametrize(
    ("pieces", "headers"),
    [
        ([], {"content_length": str(FORM_LIMIT + 1)}),
        ([b"x" * 100_000] * 11, {}),
        ([b"x" * 100_000] * 11, {"content_length": "10"}),
    ],
    ids=["by its own word", "without a word", "against its word"],
)
def test_a_large_one_is_refused_as_a_problem(pieces: list[bytes], headers: dict[str, str]) -> None:
    status, body = ask(pieces, **headers)
    assert status == 413
    assert json.loads(body)["next"]


def test_a_browser_is_refused_in_a_page(settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    status, body = ask([], content_length=str(FORM_LIMIT + 1), accept="text/html,*/*")
    assert status == 413
    assert b"<h1>" in body
    assert b"compress the files" in body


def test_forms_with_files_and_what_nodes_send_may_be_large() -> None:
    assert limit_of("/api/v1/clusters/x/jobs", "multipart/form-data; boundary=x") > configured.UPLOAD_LIMIT
    assert limit_of("/node/v1/jobs/x/output", "") > configured.OUTPUT_LIMIT
    assert limit_of("/node/v1/commands/x/result", "application/json") > 10_000 * 1000
    assert limit_of("/node/v1/events", "application/json") == FORM_LIMIT
