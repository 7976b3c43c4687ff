"""Spark's doors: its protocol, its pages, the server that takes programs over HTTP."""

from __future__ import annotations

import json

import pytest

from tests.attacks.site import Answer, Json, Request, Site

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SUBMISSION = {
    "action": "CreateSubmissionRequest",
    "clientSparkVersion": "4.3.0",
    "appResource": "file:/bin/true",
    "mainClass": "java.lang.Object",
    "appArgs": [],
    "environmentVariables": {},
    "sparkProperties": {"spark.app.name": "stranger", "spark.submit.deployMode": "cluster"},
}


def requests(site: Site) -> dict[str, Request]:
    master, application = site.victim.address("master"), site.told["application"]
    rest, pages, driver = f"http://{master}:6066", f"http://{master}:8080", f"http://{master}:4040"
    kill = f"{pages}/workers/kill/?host={site.victim.host('worker-01')}&host={site.victim.address('worker-01')}"
    return {
        "a program over HTTP": Request(
            f"{rest}/v1/submissions/create", "POST", json.dumps(SUBMISSION), {"Content-Type": "application/json"}
        ),
        "all programs killed over HTTP": Request(f"{rest}/v1/submissions/killall", "POST"),
        "the application killed": Request(f"{pages}/app/kill/", "POST", f"id={application}&terminate=true", FORM),
        "the application killed by GET": Request(f"{pages}/app/kill/?id={application}&terminate=true"),
        "a driver killed": Request(f"{pages}/driver/kill/", "POST", "id=driver-1&terminate=true", FORM),
        "the worker decommissioned": Request(kill, "POST"),
        "the job killed": Request(f"{driver}/jobs/job/kill/?id=0", "POST"),
        "the stage killed": Request(f"{driver}/stages/stage/kill/?id=0&terminate=true", "POST"),
        "the stage killed by GET": Request(f"{driver}/stages/stage/kill/?id=0&terminate=true"),
        "read: what runs": Request(f"{pages}/json/"),
    }


@pytest.fixture(scope="module")
def answers(site: Site) -> dict[str, Answer]:
    from_another_cluster = site.ask(requests(site))
    from_outside = site.outside.ask(requests(site))
    return from_another_cluster | {f"{name}, from outside": answer for name, answer in from_outside.items()}


def test_nobody_takes_programs_over_http(site: Site, answers: dict[str, Answer]) -> None:
    asked = {name: answer for name, answer in answers.items() if "over HTTP" in name}
    assert len(asked) == 6
    assert {answer.error for answer in asked.values()} == {site.where_nobody_listens}


def test_sparks_pages_kill_and_decommission_nothing(site: Site, answers: dict[str, Answer]) -> None:
    asked = {name: answer for name, answer in answers.items() if "killed" in name or "decommissioned" in name}
    asked = {name: answer for name, answer in asked.items() if "over HTTP" not in name}
    assert len(asked) == 21
    assert {bool(answer.status) for answer in asked.values()} == {site.strangers_arrive}, asked  # the pages are there
    assert site.is_whole()
    assert [worker["state"] for worker in site.master()["workers"]] == ["ALIVE"]
    driver = Request(f"http://{site.victim.address('master')}:4040/api/v1/applications/{site.told['application']}/jobs")
    (job,) = json.loads(site.inside.ask({"job": driver})["job"].body)
    assert job["status"] == "RUNNING"


def test_sparks_pages_are_read_by_whoever_reaches_them(site: Site, answers: dict[str, Answer]) -> None:
    """So it is where all stand on one machine, and docs/security.md says so; in a cloud the network lets nobody in."""
    read = {name: answer.status for name, answer in answers.items() if name.startswith("read")}
    assert set(read.values()) == {200 if site.strangers_arrive else 0}


@pytest.fixture(scope="module")
def strangers(site: Site) -> Json:
    """What became of Spark's and Hadoop's own programs that wanted to join."""
    found: Json = site.attacker.run("programs.py", master=site.victim.address("master"))["found"]
    return found


@pytest.mark.parametrize("program", ["submit to its own", "worker of its own"])
def test_the_programs_of_the_attack_get_into_their_own_cluster(strangers: Json, program: str) -> None:
    assert strangers[program][0], strangers[program][1]


@pytest.mark.parametrize("secret", ["without a secret", "with another secret"])
def test_no_program_runs_that_has_not_the_clusters_secret(site: Site, strangers: Json, secret: str) -> None:
    assert not strangers[f"submit {secret}"][0], strangers[f"submit {secret}"][1]
    page = site.master()
    assert [each["name"] for each in [*page["activeapps"], *page["completedapps"]]].count("stranger") == 0


@pytest.mark.parametrize("secret", ["without a secret", "with another secret"])
def test_no_worker_joins_that_has_not_the_clusters_secret(site: Site, strangers: Json, secret: str) -> None:
    assert not strangers[f"worker {secret}"][0], strangers[f"worker {secret}"][1]
    assert [worker["host"] for worker in site.master()["workers"]] == [site.victim.host("worker-01")]


def test_no_datanode_joins_that_is_not_the_clusters(site: Site, strangers: Json) -> None:
    joined, said = strangers["datanode"]
    assert not joined
    assert "starting to offer service" in said, said  # it came to the door
    page = Request(f"http://{site.victim.address('master')}:9870/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo")
    (figures,) = json.loads(site.gateway.ask({"page": page})["page"].body)["beans"]
    assert [name.partition(":")[0] for name in json.loads(figures["LiveNodes"])] == [site.victim.host("worker-01")]
