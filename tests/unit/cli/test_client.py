"""What the API's client sends, and what it makes of answers."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from cli.slipway_client import ApiError, Client, UnreachableError
from cli.slipway_client.calls import base


@pytest.fixture
def client(server: Any) -> Client:
    return Client(server.url, "secret-token")


def test_it_logs_in_and_uses_the_token_from_then_on(server: Any) -> None:
    client = Client(f"{server.url}/")
    server.will_answer(201, {"token": "t-1", "expires_at": "2026-11-22T00:00:00Z"})
    server.will_answer(200, {"results": [], "next": None})
    assert client.log_in("student", "pass wörd")["token"] == client.token == "t-1"
    client.courses()
    first, second = server.calls
    assert (first.method, first.path) == ("POST", "/api/v1/auth/tokens")
    assert json.loads(first.body) == {"username": "student", "password": "pass wörd"}
    assert "Authorization" not in first.headers
    assert second.headers["Authorization"] == "Bearer t-1"


def test_it_creates_a_cluster_under_a_key(server: Any, client: Client) -> None:
    server.will_answer(202, {"id": "c-1", "status": "creating"})
    made = client.create_cluster("course-1", "flights ü", workers=2, flavor="small", hours=3, idempotency_key="k-1")
    (call,) = server.calls
    assert made["id"] == "c-1"
    assert (call.method, call.path, call.headers["Idempotency-Key"]) == ("POST", "/api/v1/clusters", "k-1")
    assert json.loads(call.body) == {
        "course": "course-1",
        "name": "flights ü",
        "framework": "spark",
        "workers": 2,
        "flavor": "small",
        "hours": 3,
    }


def test_it_asks_for_more_as_a_file_holds_it(server: Any, client: Client) -> None:
    server.will_answer(202, {"id": "c-1"})
    more = {"hdfs": {"storage": "ephemeral"}, "python_packages": ["scipy==1.14.1"]}
    client.create_cluster("course-1", "flights", workers=2, flavor="small", hours=3, more=more)
    assert json.loads(server.calls[0].body).items() >= more.items()


def test_it_asks_for_changes_of_a_cluster(server: Any, client: Client) -> None:
    for _ in range(3):
        server.will_answer(202, {"id": "c-1", "status": "updating"})
    client.resize_cluster("c-1", 3)
    client.resize_cluster("c-1", remove=["worker-01"])
    client.repair_cluster("c-1")
    assert [(call.method, call.path, json.loads(call.body)) for call in server.calls] == [
        ("POST", "/api/v1/clusters/c-1/resize", {"workers": 3}),
        ("POST", "/api/v1/clusters/c-1/resize", {"remove": ["worker-01"]}),
        ("POST", "/api/v1/clusters/c-1/repair", {"nodes": []}),
    ]


def test_it_reads_a_list_to_its_last_page(server: Any, client: Client) -> None:
    server.will_answer(200, {"results": [{"id": 1}], "next": "http://elsewhere.test/api/v1/clusters?cursor=a%3D%3D"})
    server.will_answer(200, {"results": [{"id": 2}], "next": None})
    assert [cluster["id"] for cluster in client.clusters()] == [1, 2]
    assert [call.asked for call in server.calls] == [
        "/api/v1/clusters?page_size=200",
        "/api/v1/clusters?cursor=a%3D%3D",
    ]


def test_a_refusal_carries_the_problems_details(server: Any, client: Client) -> None:
    problem = {"title": "Wrong", "status": 422, "detail": "No.", "next": "Do it right.", "errors": {"workers": "0"}}
    server.will_answer(422, problem)
    with pytest.raises(ApiError) as refusal:
        client.cluster("c-1")
    error = refusal.value
    assert (error.status, error.title, error.detail, error.next) == (422, "Wrong", "No.", "Do it right.")
    assert error.errors == {"workers": "0"}
    assert str(error) == "Wrong - No. - workers: 0 - Do it right."


def test_what_the_detail_names_is_not_said_twice(server: Any, client: Client) -> None:
    server.will_answer(422, {"title": "Wrong", "detail": "a: 1; b: 2", "next": "", "errors": {"a": "1", "b": "2"}})
    with pytest.raises(ApiError) as refusal:
        client.cluster("c-1")
    assert str(refusal.value) == "Wrong - a: 1; b: 2"


def test_a_refusal_without_details_is_still_a_refusal(server: Any, client: Client) -> None:
    server.will_answer(500, b"<html>")
    with pytest.raises(ApiError, match="HTTP 500"):
        client.job("j-1")


def test_an_answer_that_is_not_the_portals_is_told(server: Any, client: Client) -> None:
    server.will_answer(200, b"<html>hello</html>")
    with pytest.raises(ApiError, match="not a Slipway portal"):
        client.courses()


def test_a_portal_that_is_away_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}.*refused") as error:
        Client(f"http://127.0.0.1:{port}").courses()
    assert error.value.next


def test_it_follows_no_redirect_with_its_token(server: Any, client: Client) -> None:
    server.will_answer(302, {}, Location=f"{server.url}/other")
    with pytest.raises(ApiError, match="HTTP 302"):
        client.courses()
    assert len(server.calls) == 1


def test_a_proxy_is_not_asked_for_this_machine(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    server.will_answer(200, {"results": [], "next": None})
    assert Client(server.url).courses() == []


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "file:///etc", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        Client(url)


def test_ids_cannot_lead_elsewhere(server: Any, client: Client) -> None:
    server.will_answer(404, {"title": "Not found"})
    with pytest.raises(ApiError, match="Not found"):
        client.cluster("../auth/tokens?x")
    assert server.calls[0].path == "/api/v1/clusters/..%2Fauth%2Ftokens%3Fx"


def test_it_waits_until_the_cluster_is_ready_and_tells_each_change(
    server: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "POLL_SECONDS", 0.01)
    creating = {"status": "creating", "progress": {"done": 1, "total": 19}}
    for status, answer in ((200, creating), (200, creating), (503, {"title": "Restart"}), (200, {"status": "ready"})):
        server.will_answer(status, answer)
    told: list[Any] = []
    assert client.wait_for_cluster("c-1", progress=told.append) == {"status": "ready"}
    assert told == [creating, {"status": "ready"}]


def test_a_wait_is_bounded(server: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "POLL_SECONDS", 0.05)
    for _ in range(50):
        server.will_answer(200, {"status": "running"})
    with pytest.raises(TimeoutError, match="Still running after 0 seconds"):
        client.wait_for_job("j-1", seconds=0.3)


def test_it_downloads_a_file_whole(server: Any, client: Client, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    server.will_answer(200, data)
    assert client.download("j-1", "part one/ü#1%.csv", tmp_path / "table.csv") == len(data)
    assert (tmp_path / "table.csv").read_bytes() == data
    assert server.calls[0].path == "/api/v1/jobs/j-1/output/part%20one/%C3%BC%231%25.csv"


def test_it_leaves_nothing_of_a_download_that_was_cut_off(server: Any, client: Client, tmp_path: Path) -> None:
    server.will_answer(200, b"abc", **{"Content-Length": "10"})
    with pytest.raises(UnreachableError, match="received 3 bytes, expected 10"):
        client.download("j-1", "a", tmp_path / "table.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_was_cut_off_is_told(server: Any, client: Client) -> None:
    server.will_answer(200, b'{"id', **{"Content-Length": "10"})
    with pytest.raises(UnreachableError, match="cut off"):
        client.job("j-1")


def test_it_gives_the_log_as_text(server: Any, client: Client) -> None:
    server.will_answer(200, "Zürich\n".encode() + b"\xff")
    assert client.log("j-1") == "Zürich\n�"


def test_it_makes_grows_and_deletes_folders_and_names_them_for_a_cluster(server: Any, client: Client) -> None:
    for status in ("creating", "growing", "deleting"):
        server.will_answer(202, {"id": "f-1", "status": status})
    server.will_answer(202, {"id": "c-1", "status": "creating"})
    client.create_folder("course-1", "flights ü", 2)
    client.grow_folder("f-1", 4)
    client.delete_folder("f-1")
    client.create_cluster("course-1", "c", 1, "small", 1, folders=[{"folder": "f-1", "access": "ro"}])
    made, grown, deleted, cluster = server.calls
    assert (made.method, made.path) == ("POST", "/api/v1/folders")
    assert json.loads(made.body) == {
        "course": "course-1", "name": "flights ü", "size_gb": 2, "share_type": "", "access_for_students": "rw",
    }  # fmt: skip
    assert (grown.path, json.loads(grown.body)) == ("/api/v1/folders/f-1/grow", {"size_gb": 4})
    assert (deleted.method, deleted.path) == ("DELETE", "/api/v1/folders/f-1")
    assert json.loads(cluster.body)["folders"] == [{"folder": "f-1", "access": "ro"}]


def test_it_waits_for_a_folder_until_that_has_settled(server: Any, client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(base, "POLL_SECONDS", 0.01)
    for status in ("creating", "available"):
        server.will_answer(200, {"id": "f-1", "status": status})
    assert client.wait_for_folder("f-1", 5)["status"] == "available"
