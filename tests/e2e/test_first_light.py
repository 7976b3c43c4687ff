"""Log in, create, ready, and a Spark job on real data: the whole line, on the embedded cloud, through the API.

The tests stand in the order of a cluster's life and share the one cluster, as its boot is what takes the time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cli.slipway_client import ApiError, Client
from examples.flights_pandas import tables
from heat_templates import ClusterSpec, limits, render
from launcher.testing import Embedded
from tests.e2e.remains import processes_below, stacks_of

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


@pytest.fixture(scope="module")
def seen() -> list[dict[str, Any]]:
    """What somebody sees who watches the cluster come up."""
    return []


@pytest.fixture(scope="module")
def cluster(student: Client, seen: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    (course,) = student.courses()
    made = student.create_cluster(course["id"], "first light", 2, "small", 2, idempotency_key="e2e")
    yield student.wait_for_cluster(made["id"], 300, seen.append)
    student.delete_cluster(made["id"])
    student.wait_for_cluster(made["id"], 120, ends=("deleted",))


def test_a_cluster_becomes_ready(cluster: dict[str, Any], house: Embedded) -> None:
    assert cluster["status"] == "ready", cluster
    assert cluster["failure"] is None
    assert [(node["name"], node["state"]) for node in cluster["nodes"]] == [
        ("master", "ready"),
        ("worker-01", "ready"),
        ("worker-02", "ready"),
    ]
    addresses = [node["address"] for node in cluster["nodes"]]
    assert len(set(addresses)) == 3
    assert all(address.startswith("127.") for address in addresses)
    assert cluster["ready_at"] > cluster["created_at"]
    assert house.status()["state"] == "up"


def test_progress_was_honest(cluster: dict[str, Any], seen: list[dict[str, Any]]) -> None:
    counts = [picture["progress"]["done"] for picture in seen]
    assert counts == sorted(counts)
    assert counts[-1] == cluster["progress"]["total"] == 25
    assert len(set(counts)) > 2, counts  # over more than one step: on an idle machine many end within one look
    assert len({picture["progress"]["phase"] for picture in seen}) > 2


def test_the_flights_job_gives_the_same_table_as_pandas(
    cluster: dict[str, Any], student: Client, flights: Path, tmp_path: Path
) -> None:
    job = student.submit_job(cluster["id"], EXAMPLES / "flights.py", [flights.name], [flights])
    ended = student.wait_for_job(job["id"], 300)
    assert (ended["status"], ended["exit_code"]) == ("succeeded", 0), student.log(job["id"])[-4000:]
    assert "336776 flights" in student.log(job["id"])
    expected = tables(flights)
    assert {row["path"] for row in student.outputs(job["id"])} == {"carriers.csv", "routes.csv"}
    for name in ("carriers", "routes"):
        student.download(job["id"], f"{name}.csv", tmp_path / name)
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name), expected[name], rtol=1e-9, check_dtype=False)


def test_names_with_spaces_and_unicode_are_kept_on_the_way_in_and_out(
    cluster: dict[str, Any], student: Client, tmp_path: Path
) -> None:
    names = ["a b.txt", "übung 漢字.txt", "a[1]{2}*.txt", "%41.txt"]
    for name in names:
        (tmp_path / name).write_text(f"this is {name}")
    job = student.submit_job(
        cluster["id"], Path(__file__).parent / "copy_job.py", ["x y", "$HOME 'q'"], [tmp_path / n for n in names]
    )
    ended = student.wait_for_job(job["id"], 300)
    assert ended["status"] == "succeeded", student.log(job["id"])[-4000:]
    assert {row["path"] for row in student.outputs(job["id"])} == {f"copies/{name}" for name in names} | {"seen.json"}
    for name in names:
        student.download(job["id"], f"copies/{name}", tmp_path / "copy")
        assert (tmp_path / "copy").read_text() == f"this is {name}"
    student.download(job["id"], "seen.json", tmp_path / "seen.json")
    told = json.loads((tmp_path / "seen.json").read_text())
    assert told["arguments"] == ["x y", "$HOME 'q'"]
    assert told["directory"].startswith("hdfs://")


def test_a_job_that_fails_says_so_with_its_own_exit_code(
    cluster: dict[str, Any], student: Client, tmp_path: Path
) -> None:
    program = tmp_path / "fails.py"
    program.write_text("import sys\nprint('about to fail')\nsys.exit(7)\n")
    ended = student.wait_for_job(student.submit_job(cluster["id"], program)["id"], 120)
    assert (ended["status"], ended["exit_code"]) == ("failed", 7)
    assert "about to fail" in student.log(ended["id"])


def test_others_learn_nothing_and_the_teacher_may_look(
    cluster: dict[str, Any], student: Client, person: Callable[[str], Client]
) -> None:
    (job, *_) = student.jobs(cluster["id"])
    for name in ("student2", "outsider"):
        other = person(name)
        assert cluster["id"] not in [each["id"] for each in other.clusters()]
        for ask in (other.cluster, other.delete_cluster, other.jobs):
            with pytest.raises(ApiError) as refused:
                ask(cluster["id"])
            assert refused.value.status == 404
        with pytest.raises(ApiError) as refused:
            other.log(job["id"])
        assert refused.value.status == 404
    teacher = person("teacher")
    assert teacher.cluster(cluster["id"])["owner"] == "student"
    assert teacher.log(job["id"]) == student.log(job["id"])
    with pytest.raises(ApiError) as refused:
        teacher.resize_cluster(cluster["id"], workers=2)
    assert refused.value.status == 403


def test_a_wrong_password_is_refused(house: Embedded) -> None:
    with pytest.raises(ApiError) as refused:
        Client(house.url).log_in("student", "wrong")
    assert refused.value.status == 401


def secrets_of(cluster: dict[str, Any], house: Embedded) -> set[str]:
    """What the machines were told that nobody else may know."""
    secrets = set()
    for facts in house.home.glob("minicloud/servers/*/root/etc/slipway/facts.json"):
        told = json.loads(facts.read_text())
        if told["cluster"]["id"] == cluster["id"]:
            secrets |= {told["secret"], told["portal"]["credential"], told["signal"]["token"]}
            assert facts.stat().st_mode & 0o077 == 0
    assert len(secrets) == 1 + 3 + 3
    return secrets


def test_administrators_see_its_stack_as_heat_has_it_and_none_of_its_secrets(
    cluster: dict[str, Any], person: Callable[[str], Client], house: Embedded
) -> None:
    admin = person("admin")
    (row,) = admin.stacks()["results"]
    assert row["findings"] == {}
    assert (row["stack"]["status"], row["stack"]["nodes"], row["charge"]["nodes"]) == ("CREATE_COMPLETE", 3, 3)
    inside = admin.stack(row["stack"]["id"])
    assert (inside["cluster"]["id"], inside["servers"], inside["blocker"]) == (cluster["id"], 3, None)
    assert inside["parameters"]["cluster_secret"] == "(not shown)"
    assert "OS::Nova::Server" in inside["template"]
    assert "CREATE_COMPLETE" in {event["status"] for event in inside["events"]}
    told = json.dumps(inside)
    assert not [secret for secret in secrets_of(cluster, house) if secret in told]


def test_the_secret_stands_on_no_command_line_and_in_no_log(cluster: dict[str, Any], house: Embedded) -> None:
    secrets = secrets_of(cluster, house)
    for process in processes_below(house.home):
        for secret in secrets:
            assert secret not in process.command
    logs = [*house.home.glob("log/*"), *house.home.glob("minicloud/servers/*/console.log")]
    logs += house.home.glob("minicloud/servers/*/root/var/log/**/*.log")
    assert len(logs) > 10
    for log in logs:
        text = log.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], log


def test_the_user_data_is_as_small_as_was_counted(cluster: dict[str, Any], house: Embedded) -> None:
    texts, told = [], {}
    for path in house.home.glob("minicloud/servers/*/server.json"):
        record = json.loads(path.read_text())
        if record["metadata"]["slipway_cluster"] == cluster["id"]:
            texts.append(record["user_data"])
            told = json.loads((path.parent / "root" / "etc" / "slipway" / "facts.json").read_text())
    assert len(texts) == 3
    assert "secret" not in told["cluster"]
    spec = ClusterSpec.from_mapping(
        {
            "id": cluster["id"], "name": cluster["name"], "framework": "spark", "workers": 2, "flavor": "small",
            "image": "slipway-spark", "network": "campus", "bundle_version": told["bundle"], "owner": "student",
            "course": "demo", "portal_url": told["portal"]["url"], "gateway_address": told["cluster"]["gateway"],
        }
    )  # fmt: skip
    counted = render(spec).figures.user_data_bytes
    largest = max(len(text.encode()) for text in texts)
    assert largest <= counted <= largest + 1000
    assert counted < limits.NODE_BYTES


def test_each_node_is_metered_from_when_the_cluster_was_ready(cluster: dict[str, Any], house: Embedded) -> None:
    names = "import json; from billing.models import Meter; from portal.clusters.accounting.metering import meter"
    found = f"[(m.resource, m.began_at.isoformat()) for m in Meter.objects.filter(subject='{cluster['id']}')]"
    output = house.slipway("manage", "shell", "-v0", "-c", f"{names}; meter(); print(json.dumps({found}))").stdout
    began = datetime.fromisoformat(cluster["ready_at"]).isoformat()
    nodes = ("master", "worker-01", "worker-02")
    assert sorted(json.loads(output)) == [[f"{cluster['id']}/{node}", began] for node in nodes]


def test_after_delete_nothing_is_left(cluster: dict[str, Any], student: Client, house: Embedded) -> None:
    student.delete_cluster(cluster["id"])
    gone = student.wait_for_cluster(cluster["id"], 120, ends=("deleted",))
    assert gone["name"] == "first light"
    assert stacks_of(house) == []
    assert list((house.home / "minicloud" / "servers").iterdir()) == []
    assert [process.command for process in processes_below(house.home) if "java" in process.command] == []
    with pytest.raises(ApiError) as refused:
        student.submit_job(cluster["id"], EXAMPLES / "flights.py")
    assert refused.value.status == 409
