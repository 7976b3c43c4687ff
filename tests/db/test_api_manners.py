"""What holds for every answer of the API: lists are narrowed, requests are counted, addresses are those of outside."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from launcher import redis
from portal.accounts.models import User
from portal.api.throttling import EachToken
from portal.clusters import services as clusters
from portal.clusters.models import Cluster
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from portal.folders.models import Folder
from portal.jobs.models import Job
from tests.db.conftest import body_of, make_ready, problem

CLUSTERS = "/api/v1/clusters"


def names(client: Client, path: str, **filters: Any) -> list[str]:
    answer = client.get(f"{path}?{urlencode(filters)}")
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_a_list_is_narrowed_to_what_is_asked_for(
    api: Callable[[User], Client], alice: User, bob: User, wish: Wish, course: Course, folder: Folder
) -> None:
    clusters.create(alice, wish)
    old = make_ready(clusters.create(bob, replace(wish, name="old")))
    Cluster.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    client, yesterday = api(bob), (timezone.now() - timedelta(days=1)).isoformat()
    assert names(client, CLUSTERS, status="ready") == ["old"]
    assert names(client, CLUSTERS, owner="alice") == ["flights"]
    assert names(client, CLUSTERS, name="old") == ["old"]
    either = client.get(f"{CLUSTERS}?status=ready&status=creating").json()["results"]
    assert [row["name"] for row in either] == ["flights", "old"]
    assert names(client, CLUSTERS, since=yesterday) == ["flights"]
    assert names(client, CLUSTERS, since="0032-10-18T06:49:01+19:29") == ["flights", "old"]
    assert names(client, CLUSTERS, course=course.pk) == ["flights", "old"]
    assert names(client, CLUSTERS, course=old.pk) == []
    assert names(client, "/api/v1/folders", status="available", owner="bob", course=course.pk) == [folder.name]
    assert names(client, "/api/v1/folders", status="failed") == []
    assert names(client, "/api/v1/folders", name=folder.name) == [folder.name]
    assert names(client, "/api/v1/folders", name="other") == []


def test_jobs_are_narrowed_too(api: Callable[[User], Client], alice: User, job: Job) -> None:
    address = f"{CLUSTERS}/{job.cluster_id}/jobs"
    assert len(api(alice).get(f"{address}?status=queued").json()["results"]) == 1
    assert api(alice).get(f"{address}?status=running").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("status=x", "status"), ("course=demo", "course"), ("since=soon", "since"), ("states=ready", "states"),
     ("owner=%00", "owner"), ("since=", "since"),
     ("since=0001-01-01T00:00:00%2B14:00", "since")],
)  # fmt: skip
def test_a_wrong_or_misspelt_filter_is_refused(
    query: str, field: str, api: Callable[[User], Client], alice: User
) -> None:
    answer = api(alice).get(f"{CLUSTERS}?{query}")
    assert answer.status_code == 422
    assert set(problem(answer)["errors"]) == {field}


def test_addresses_in_answers_are_those_that_people_use(
    api: Callable[[User], Client], alice: User, wish: Wish, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.api.pagination.Newest.page_size", 1)
    settings.PUBLIC_URL = "https://clusters.example.edu"
    client = api(alice)
    made = client.post(CLUSTERS, body_of(wish), content_type="application/json")
    assert made.headers["Location"] == f"https://clusters.example.edu{CLUSTERS}/{made.json()['id']}"
    clusters.create(alice, replace(wish, name="second"))
    following = client.get(f"{CLUSTERS}?owner=alice").json()["next"]
    assert following.startswith(f"https://clusters.example.edu{CLUSTERS}?")
    assert "owner=alice" in following
    assert [row["name"] for row in client.get(following).json()["results"]] == ["flights"]


# How often


@pytest.fixture
def counting(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A real Redis, and three requests a minute."""
    socket = tmp_path / "redis.sock"
    server = subprocess.Popen(redis.command(redis.find_server(Path(sys.prefix)), socket), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    try:
        while not redis.answers(socket):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        settings.REDIS_URL = f"unix://{socket}"
        monkeypatch.setattr(EachToken, "THROTTLE_RATES", {"each": "3/min"})
        monkeypatch.setattr(EachToken, "_away_until", 0.0)
        yield server
    finally:
        server.kill()
        server.wait()


def test_who_asks_too_often_is_told_when_to_come_back(
    counting: subprocess.Popen[bytes], api: Callable[[User], Client], alice: User, bob: User
) -> None:
    client = api(alice)
    answers = [client.get("/api/v1/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert "Retry-After" in problem(answers[3])["next"]
    assert api(bob).get("/api/v1/me").status_code == 200  # each token by itself
    assert api(alice).get("/api/v1/me").status_code == 200


def test_log_ins_are_counted_by_address_and_no_header_changes_that(
    counting: subprocess.Popen[bytes], api: Callable[[None], Client]
) -> None:
    asked = [
        api(None).post("/api/v1/auth/tokens", {}, content_type="application/json", headers={"X-Forwarded-For": address})
        for address in ("1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4")
    ]
    assert [answer.status_code for answer in asked] == [422, 422, 422, 429]


def test_an_empty_or_absent_redis_holds_nobody_up(
    counting: subprocess.Popen[bytes], api: Callable[[User], Client], alice: User, settings: Any
) -> None:
    client = api(alice)
    assert [client.get("/api/v1/me").status_code for _ in range(4)][-1] == 429
    redis.ask(Path(settings.REDIS_URL.removeprefix("unix://")), "FLUSHALL")
    assert client.get("/api/v1/me").status_code == 200
    counting.kill()
    counting.wait()
    assert [client.get("/api/v1/me").status_code for _ in range(5)] == [200] * 5
