"""What nodes say and are told, with their own credential."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.clusters.credentials import node_credential, secret_parameters
from portal.clusters.models import Cluster, ClusterEvent, Status
from portal.clusters.services import AFTER_THE_LAST_SIGNAL, end
from portal.folders import grants
from portal.folders.models import Folder, Mount
from portal.jobs import services as jobs
from portal.jobs import storage
from portal.jobs.models import Job, JobStatus
from tests.db.manila_answers import Recorded


def node(cluster: Cluster, name: str = "master") -> Client:
    return Client(headers={"Authorization": f"Bearer {node_credential(cluster, name)}"})


def say(client: Client, path: str, body: Any, method: str = "POST") -> Any:
    return client.generic(method, f"/node/v1/{path}", json.dumps(body), content_type="application/json")


EVENT = {"step": "hosts", "state": "done", "seconds": 0.1, "message": "", "log": ""}


def test_an_event_is_kept_once(creating: Cluster) -> None:
    for _ in range(2):
        assert say(node(creating, "worker-01"), "events", EVENT).status_code == 204
    assert ClusterEvent.objects.get().node == "worker-01"


def test_the_last_nodes_last_step_asks_for_passes_at_short_intervals(
    creating: Cluster, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda *_, **options: asked.append(options["countdown"]))
    with django_capture_on_commit_callbacks(execute=True):
        for name in ("master", "worker-01"):
            say(node(creating, name), "events", {**EVENT, "step": "signal"})
    assert asked == []
    with django_capture_on_commit_callbacks(execute=True):
        say(node(creating, "worker-02"), "events", {**EVENT, "step": "signal"})
    assert asked == list(AFTER_THE_LAST_SIGNAL)


def test_an_unknown_step_is_refused(creating: Cluster) -> None:
    answer = say(node(creating, "worker-01"), "events", {**EVENT, "step": "format"})
    assert answer.status_code == 422
    assert not ClusterEvent.objects.exists()


@pytest.mark.parametrize("credential", ["", "x", "a.b.c", "00000000-0000-4000-8000-000000000000.master.00"])
def test_a_wrong_credential_is_refused(credential: str, creating: Cluster) -> None:
    client = Client(headers={"Authorization": f"Bearer {credential}"})
    assert say(client, "events", EVENT).status_code == 401
    assert client.get("/node/v1/commands?wait=0").status_code == 401


def test_a_node_cannot_speak_for_another(creating: Cluster) -> None:
    stolen = node_credential(creating, "worker-01").replace("worker-01", "master")
    client = Client(headers={"Authorization": f"Bearer {stolen}"})
    assert say(client, "events", EVENT).status_code == 401


def test_a_credential_ends_with_its_cluster(ready: Cluster) -> None:
    client = node(ready)
    assert client.get("/node/v1/commands?wait=0").status_code == 200
    end(ready, "of the test")
    assert client.get("/node/v1/commands?wait=0").status_code == 401


def test_a_new_key_leaves_the_credentials_of_running_nodes_valid(ready: Cluster, settings: Any) -> None:
    client = node(ready)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key, made later on, 32 long", [settings.SECRET_KEY]
    assert client.get("/node/v1/commands?wait=0").status_code == 200


def test_secrets_are_the_same_each_time_and_differ_between_clusters(ready: Cluster, creating: Cluster) -> None:
    assert secret_parameters(ready) == secret_parameters(ready)
    assert secret_parameters(ready)["cluster_secret"] != secret_parameters(creating)["cluster_secret"]


def test_the_masters_agent_gets_a_job_and_a_worker_does_not(job: Job) -> None:
    assert node(job.cluster, "worker-01").get("/node/v1/commands?wait=0").status_code == 401
    (command,) = node(job.cluster).get("/node/v1/commands?wait=0").json()["commands"]
    assert command["job"]["files"] == ["a b.csv"]
    job.refresh_from_db()
    assert job.status == JobStatus.RUNNING
    assert node(job.cluster).get("/node/v1/commands?wait=0").json() == {"commands": []}


def test_a_lease_that_ran_out_is_given_again(job: Job) -> None:
    assert jobs.lease_next(job.cluster) == job
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.lease_next(job.cluster) == job


def test_jobs_run_one_after_the_other(job: Job, alice: User) -> None:
    second = Job.objects.create(cluster=job.cluster, owner=alice, application="b.py")
    assert jobs.lease_next(job.cluster) == job
    assert jobs.lease_next(job.cluster) is None
    jobs.finish(job, 0, "", [])
    assert jobs.lease_next(job.cluster) == second


def test_another_clusters_master_learns_nothing_of_a_job(job: Job, creating: Cluster) -> None:
    for path in (f"jobs/{job.pk}/application", f"jobs/{job.pk}/files/0"):
        assert node(creating).get(f"/node/v1/{path}").status_code == 404
    assert say(node(creating), f"commands/{job.pk}/result", {"exit_code": 0}).status_code == 404
    assert say(node(creating), f"commands/{job.pk}/lease", {}).status_code == 404


def test_bytes_come_and_go_unchanged(job: Job) -> None:
    storage.write(storage.application(job.pk), [b"print(1)"])
    storage.write(storage.input_file(job.pk, 0), [b"\x00\xff"])
    master = node(job.cluster)
    assert b"".join(master.get(f"/node/v1/jobs/{job.pk}/application")) == b"print(1)"  # type: ignore[arg-type]
    assert b"".join(master.get(f"/node/v1/jobs/{job.pk}/files/0")) == b"\x00\xff"  # type: ignore[arg-type]
    assert master.get(f"/node/v1/jobs/{job.pk}/files/1").status_code == 404
    sent = master.generic("PUT", f"/node/v1/jobs/{job.pk}/output?path=a%20%C3%BC%2Fb.bin", b"\x01" * 3_000_000)
    assert sent.status_code == 204
    output = job.outputs.get()
    assert (output.path, output.size, output.uploaded) == ("a ü/b.bin", 3_000_000, True)


def test_a_log_is_taken_once_and_in_order(job: Job) -> None:
    master = node(job.cluster)

    def send(offset: int, data: bytes) -> Any:
        return master.generic("POST", f"/node/v1/jobs/{job.pk}/log?offset={offset}", data, content_type="text/plain")

    assert send(0, b"abc").json() == {"size": 3}
    assert send(0, b"abcd").json() == {"size": 4}
    gap = send(9, b"x")
    assert (gap.status_code, gap.json()) == (409, {"size": 4})
    assert storage.read_log(job.pk) == "abcd"


def test_a_long_log_keeps_its_beginning_and_its_tail(job: Job, settings: Any) -> None:
    settings.LOG_LIMIT = 4096
    lines = b"".join(b"line %06d\n" % number for number in range(2000))
    for offset in range(0, len(lines), 1000):
        jobs.append_log(job, offset, lines[offset : offset + 1000])
    kept = storage.read_log(job.pk)
    assert len(kept) <= 4096 + 100
    assert kept.startswith("line 000000\n")
    assert kept.endswith("line 001999\n")
    assert "bytes of this log were left out" in kept


def test_the_result_counts_once(job: Job) -> None:
    jobs.lease_next(job.cluster)
    master = node(job.cluster)
    result = {"exit_code": 3, "reason": "", "output": [{"path": "x", "size": 1, "uploaded": False}]}
    assert say(master, f"commands/{job.pk}/result", result).status_code == 204
    assert say(master, f"commands/{job.pk}/result", {"exit_code": 0}).status_code == 204
    job.refresh_from_db()
    assert (job.status, job.exit_code) == (JobStatus.FAILED, 3)
    assert say(master, f"commands/{job.pk}/lease", {}).status_code == 410


def test_a_deleted_clusters_jobs_are_cancelled(job: Job) -> None:
    jobs.lease_next(job.cluster)
    Cluster.objects.filter(pk=job.cluster_id).update(target=Status.DELETED)
    jobs.end_orphans()
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert job.reason


def test_what_the_master_says_of_a_worker_is_shown_and_taken_back(ready: Cluster, api: Any, alice: User) -> None:
    address = f"/api/v1/clusters/{ready.pk}"
    assert api(alice).get(address).json()["health"]["state"] == "good"
    told = say(node(ready), "health", {"troubles": {"worker-01": "HDFS has no live datanode at 127.88.3.11:9866"}})
    assert told.status_code == 204
    body = api(alice).get(address).json()
    assert body["health"]["state"] == "trouble"
    assert "1 of 3 machines" in body["health"]["text"]
    assert {each["name"]: each["state"] for each in body["nodes"]} == {
        "master": "ready", "worker-01": "trouble", "worker-02": "ready"
    }  # fmt: skip
    say(node(ready), "health", {"troubles": {}})
    assert api(alice).get(address).json()["health"]["state"] == "good"


def test_a_worker_cannot_speak_of_the_others_health(ready: Cluster) -> None:
    assert say(node(ready, "worker-01"), "health", {"troubles": {"worker-02": "gone"}}).status_code == 404


def test_before_it_is_ready_a_cluster_has_no_health(creating: Cluster, api: Any, alice: User) -> None:
    assert say(node(creating), "health", {"troubles": {"worker-01": "not there yet"}}).status_code == 204
    body = api(alice).get(f"/api/v1/clusters/{creating.pk}").json()
    assert body["health"] is None
    assert "trouble" not in {each["state"] for each in body["nodes"]}


def test_wild_words_on_health_harm_nothing(ready: Cluster) -> None:
    assert say(node(ready), "health", {"troubles": {"worker-01": "x" * 9000, "nobody": "y"}}).status_code == 204
    for body in ({"troubles": []}, {"troubles": {"worker-01": {}}}, {}, []):
        assert say(node(ready), "health", body).status_code == 422
    assert len(ready.nodes.get(name="worker-01").trouble) == 500


@pytest.fixture
def on_ceph(ready: Cluster, folder: Folder) -> Mount:
    """Alice's cluster mounts a folder on CephFS."""
    Folder.objects.filter(pk=folder.pk).update(protocol="CEPHFS", share_type="ceph", share_id="s1")
    return Mount.objects.create(cluster=ready, folder=folder, path="/data/flights", access="rw")


def key_rule(cluster: Cluster, **changes: Any) -> dict[str, Any]:
    user = f"slipway-{cluster.pk.hex[:8]}"
    rule = {"id": "r1", "access_type": "cephx", "access_to": user, "access_level": "rw", "state": "active"}
    return {**rule, "access_key": "AQB-the-key==", **changes}


def test_each_node_of_a_cluster_and_nobody_else_gets_a_mounts_key(
    manila: Recorded, on_ceph: Mount, ready: Cluster, creating: Cluster, caplog: Any
) -> None:
    strangers = key_rule(creating, access_key="AQB-not-yours==")
    manila.answers["GET /v2/share-access-rules"] = (200, {"access_list": [strangers, key_rule(ready)]})
    for name in ("master", "worker-02"):
        answer = node(ready, name).get("/node/v1/mounts/0/key")
        assert answer.json() == {"user": f"slipway-{ready.pk.hex[:8]}", "key": "AQB-the-key=="}
        assert answer.headers["Cache-Control"] == "no-store"
    assert node(creating, "master").get("/node/v1/mounts/0/key").status_code == 404
    for number in (1, 2**63, 10**40):
        assert node(ready, "master").get(f"/node/v1/mounts/{number}/key").status_code == 404
    assert Client().get("/node/v1/mounts/0/key").status_code == 401
    assert "AQB" not in caplog.text


def test_a_key_that_is_not_there_yet_or_cannot_be_asked_for_may_be_asked_for_again(
    manila: Recorded, on_ceph: Mount, ready: Cluster
) -> None:
    for answer in ((200, {"access_list": [key_rule(ready, state="applying", access_key=None)]}), (503, "away")):
        manila.answers["GET /v2/share-access-rules"] = answer
        assert node(ready, "master").get("/node/v1/mounts/0/key").status_code == 503


def test_a_storage_that_is_silent_keeps_nodes_that_ask_for_a_key_for_no_longer_than_the_bound(
    manila: Recorded, on_ceph: Mount, ready: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grants, "LONGEST_WAIT_FOR_A_KEY", 0.3)
    said = manila.answer

    def silent(call: str) -> tuple[int, Any]:
        if call == "GET /v2/share-access-rules":
            over.wait(10)
        return said(call)

    over = threading.Event()
    monkeypatch.setattr(manila, "answer", silent)
    began = time.monotonic()
    assert node(ready, "master").get("/node/v1/mounts/0/key").status_code == 503
    assert time.monotonic() - began < 5
    over.set()


def test_a_folder_that_goes_by_addresses_has_no_key(manila: Recorded, folder: Folder, ready: Cluster) -> None:
    Mount.objects.create(cluster=ready, folder=folder, path="/data/flights", access="rw")
    assert node(ready, "master").get("/node/v1/mounts/0/key").status_code == 404
