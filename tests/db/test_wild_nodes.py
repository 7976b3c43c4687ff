"""A node that says what no node of ours would: the portal refuses it or takes it, and what people see stays whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.clusters.credentials import node_credential
from portal.clusters.models import Cluster, ClusterEvent, Node, Status
from portal.jobs import rules, storage
from portal.jobs.models import Job, JobOutput, JobStatus
from tests.db.test_nodes import EVENT, node, say

NO_NUMBERS = ("nan", "inf", "-inf", 1e308 * 10, 1e308, "1e999", -1, True, None, [], {}, "x" * 100)
NO_TEXTS = (None, 7, [], {}, "a\0b", "\ud800", "x" * 900_000)
NUMBERS = {"capacity": 1, "used": 1, "remaining": 1, "blocks": 1}


def send(client: Client, path: str, text: str) -> Any:
    return client.generic("POST", f"/node/v1/{path}", text, content_type="application/json")


def taken_or_refused(answer: Any) -> None:
    assert answer.status_code in (204, 400, 413, 422), answer.content


def shown(cluster: Cluster, api: Callable[[User], Client], browser: Callable[[User], Client]) -> dict[str, Any]:
    """What the cluster's owner and an administrator see of it; both pages must come."""
    for person in (cluster.owner, User.objects.get(username="dora")):
        for path in ("/", f"/clusters/{cluster.pk}"):
            assert browser(person).get(path).status_code == 200
        answer = api(person).get(f"/api/v1/clusters/{cluster.pk}")
        assert answer.status_code == 200
    body: dict[str, Any] = json.loads(answer.content, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    return body


@pytest.mark.parametrize("wild", NO_NUMBERS, ids=repr)
def test_no_number_of_a_step_harms_a_page(wild: Any, creating: Cluster, api: Any, browser: Any) -> None:
    body = json.dumps({**EVENT, "seconds": wild})
    taken_or_refused(send(node(creating), "events", body))
    shown(creating, api, browser)


@pytest.mark.parametrize("wild", NO_TEXTS, ids=lambda wild: repr(wild)[:12])
@pytest.mark.parametrize("field", ["step", "state", "message", "log"])
def test_no_text_of_a_step_harms_a_page(field: str, wild: Any, creating: Cluster, api: Any, browser: Any) -> None:
    taken_or_refused(say(node(creating), "events", {**EVENT, "state": "failed", field: wild}))
    shown(creating, api, browser)


@pytest.mark.parametrize(
    "body",
    [
        {"troubles": {"worker\0": "x", "\ud800": "y"}},
        {"troubles": {f"worker-{number}": "gone" for number in range(20_000)}},
        {"troubles": {"worker-01": "a\0b"}},
        {"troubles": {}, "storage": {"worker-01": {"a\0": 1}}},
        {"troubles": {}, "storage": {"worker-01": {"\ud800": 1}}},
        {"troubles": {}, "storage": {"worker-01": {f"figure {number}": 1 for number in range(20_000)}}},
        {"troubles": {}, "storage": {"worker-01": {"blocks": 2**70}}},
        {"troubles": {}, "storage": {"worker-01": {"blocks": "nan"}}},
        {"troubles": {}, "storage": {"worker-01": [1]}},
        {"troubles": {}, "leaving": {"worker-01": ""}},
        {"troubles": {}, "idle_seconds": 2**40},
        {"troubles": {}, "idle_seconds": -1},
        [[[[[]]]]],
        "ready",
        None,
    ],
    ids=lambda body: repr(body)[:40],
)
def test_no_word_on_health_harms_a_page(body: Any, ready: Cluster, api: Any, browser: Any) -> None:
    taken_or_refused(say(node(ready), "health", body))
    assert len(json.dumps(shown(ready, api, browser))) < 20_000


@pytest.mark.parametrize("text", ["", "{", "\0", "[" * 100_000, '{"a": 1e9999}', "\xff", '{"seconds": NaN}'])
def test_what_is_no_json_is_refused(text: str, ready: Cluster) -> None:
    for path in ("events", "health"):
        assert send(node(ready), path, text).status_code in (400, 422)


def test_a_node_that_says_ready_makes_no_cluster_ready(creating: Cluster) -> None:
    """Only Heat's word counts: not the last step, not the state, not health."""
    for name in ("master", "worker-01", "worker-02"):
        assert say(node(creating, name), "events", {**EVENT, "step": "signal"}).status_code == 204
        assert say(node(creating, name), "events", {**EVENT, "state": "ready"}).status_code == 422
    say(node(creating), "health", {"troubles": {}, "storage": {"worker-01": NUMBERS}})
    creating.refresh_from_db()
    assert (creating.status, creating.ready_at, creating.heard_at) == (Status.CREATING, None, None)


def test_a_node_speaks_of_no_cluster_but_its_own(ready: Cluster, creating: Cluster) -> None:
    """Whatever ids stand in what it says: who it is stands in its credential."""
    other = {"cluster": str(ready.pk), "node": "worker-01", "id": str(ready.pk)}
    say(node(creating, "worker-02"), "events", {**EVENT, **other})
    assert set(ClusterEvent.objects.values_list("cluster", "node")) <= {(creating.pk, "worker-02")}
    say(node(creating), "health", {"troubles": {"worker-01": "gone"}, **other})
    assert not Node.objects.filter(cluster=ready).exclude(trouble="").exists()


def test_the_credential_of_a_node_that_left_opens_nothing(ready: Cluster) -> None:
    left = node(ready, "worker-02")
    assert say(left, "events", EVENT).status_code == 204
    Node.objects.filter(cluster=ready, name="worker-02").delete()
    assert say(left, "events", EVENT).status_code == 401
    assert left.get("/node/v1/hosts?known=&wait=0").status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda word, one, two: word.replace(str(one), str(two)),
        lambda word, one, two: word.replace(".master.", ".worker-01."),
        lambda word, one, two: word[:-1],
        lambda word, one, two: f"{word}0",
        lambda word, one, two: word.upper(),
        lambda word, one, two: word.replace(".master.", ".MASTER."),
        lambda word, one, two: word.rpartition(".")[0] + ".",
        lambda word, one, two: word.replace(".master.", ".mast\u00e9r."),
        lambda word, one, two: "",
    ],
)
def test_no_changed_credential_is_one(change: Any, ready: Cluster, creating: Cluster) -> None:
    """Another cluster's, another node's, cut, lengthened, none."""
    word = change(node_credential(creating, "master"), creating.pk, ready.pk)
    client = Client(headers={"Authorization": f"Bearer {word}"} if word else {})
    assert say(client, "events", EVENT).status_code == 401
    for path in ("hosts?wait=0", "commands?wait=0"):
        assert client.get(f"/node/v1/{path}").status_code == 401


# OUTSIDE is a folder of the test's own, and no path climbs higher: where the guard is broken, nothing else breaks.
PATHS = (
    "../../../../x", "OUTSIDE/x", "/OUTSIDE/x", "..", ".", "a/../../b", "a\0b", "a\nb", "\u202egpj.exe",
    "~/.ssh/config", "C:\\Windows\\x", "con", "a" * 3000, "%2e%2e/%2e%2e/x", "application",
    "../application", "../../log",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda path: repr(path)[:20])
def test_no_name_of_an_output_leads_out_of_its_jobs_folder(
    path: str, job: Job, api: Any, settings: Any, tmp_path: Path
) -> None:
    settings.STORAGE = str(tmp_path / "1/2/3/storage")
    path = path.replace("OUTSIDE", str(tmp_path / "outside"))
    own = storage.folder(job.pk)
    storage.write(storage.application(job.pk), [b"the program"])
    answer = node(job.cluster).generic("PUT", f"/node/v1/jobs/{job.pk}/output?path={quote(path, safe='')}", b"stolen")
    assert answer.status_code in (204, 422)
    written = [each for each in tmp_path.rglob("*") if each.is_file() and each != storage.application(job.pk)]
    assert all(each.parent == own / "output" for each in written)
    assert storage.application(job.pk).read_bytes() == b"the program"
    assert len(written) == (answer.status_code == 204)
    if written:
        sent = api(job.owner).get(f"/api/v1/jobs/{job.pk}/output")
        assert [row["path"] for row in sent.json()["results"]] == [path]


def test_the_output_of_a_job_has_a_bound_that_many_files_do_not_pass(
    job: Job, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTPUT_LIMIT = 1000
    monkeypatch.setattr(rules, "MOST_OUTPUTS", 5)
    master = node(job.cluster)
    answers = [
        master.generic("PUT", f"/node/v1/jobs/{job.pk}/output?path={number}", b"x" * 300).status_code
        for number in range(5)
    ]
    assert answers == [204, 204, 204, 413, 413]
    kept = list((storage.folder(job.pk) / "output").iterdir())
    assert sum(file.stat().st_size for file in kept) <= 1000
    assert len(kept) == JobOutput.objects.count() == 3
    for number in range(3, 9):
        master.generic("PUT", f"/node/v1/jobs/{job.pk}/output?path=empty-{number}", b"")
    assert JobOutput.objects.count() == 5


def test_a_list_of_outputs_has_a_bound(job: Job) -> None:
    Job.objects.update(status=JobStatus.RUNNING)
    listing = [{"path": f"{number}", "size": 1, "uploaded": False} for number in range(rules.MOST_OUTPUTS + 1)]
    path = f"commands/{job.pk}/result"
    assert say(node(job.cluster), path, {"exit_code": 0, "output": listing}).status_code == 422
    assert say(node(job.cluster), path, {"exit_code": 0, "output": listing[1:]}).status_code == 204


@pytest.mark.parametrize(
    "wild",
    [
        {"exit_code": 2**40}, {"exit_code": "nan"},
        {"exit_code": 0, "reason": "a\0b"}, {"exit_code": 0, "reason": "\ud800"},
        {"exit_code": 0, "output": [{"path": "../x", "size": -1, "uploaded": True}]},
        {"exit_code": 0, "output": [{"path": "x", "size": 2**70, "uploaded": True}]},
        {"exit_code": 0, "output": "x"}, {"exit_code": 0, "reason": "x" * 900_000}, [], None,
    ],
    ids=lambda wild: repr(wild)[:40],
)  # fmt: skip
def test_no_result_harms_a_page(wild: Any, job: Job, browser: Any) -> None:
    Job.objects.update(status=JobStatus.RUNNING)
    answer = say(node(job.cluster), f"commands/{job.pk}/result", wild)
    assert answer.status_code in (204, 400, 422)
    page = browser(job.owner).get(f"/jobs/{job.pk}")
    assert page.status_code == 200
    assert len(page.content) < 50_000
