"""What a job can find out about others on its way: files, processes, sockets, folders, Heat's and Keystone's words."""

from __future__ import annotations

import base64
import json

import pytest

from tests.attacks.site import Answer, Json, Request, Site

TOKEN = {"X-Auth-Token": "$token", "Content-Type": "application/json"}
FAILURE = {"status": "FAILURE", "reason": "an attack", "data": "", "id": "master"}


@pytest.fixture(scope="module")
def seen(site: Site) -> Json:
    words = [base64.b64encode(secret.encode()).decode() for secret in site.secrets]
    through = [path for name, path in site.files.items() if name in ("the victim's facts", "the portal's key")]
    found: Json = site.attacker.run("looking.py", files=site.files, sockets=site.sockets, words=words, through=through)
    return found


def test_the_program_of_the_attack_reads_what_is_its_own_clusters(seen: Json) -> None:
    assert seen["own"].startswith("read")


def test_a_job_reads_no_files_of_the_portal_the_cloud_or_another_cluster(site: Site, seen: Json) -> None:
    """Where servers have no users of their own they can, as docs/security.md says."""
    had = sorted(name for name, what in seen["files"].items() if not what.startswith("refused"))
    assert had == ([] if site.apart else sorted(set(site.files) - {"the victim's share", "all shares"}))
    assert bool(seen["ways"]) is not site.apart


def test_a_job_reaches_no_socket_of_the_portal_the_cloud_or_another_cluster(site: Site, seen: Json) -> None:
    had = sorted(name for name, what in seen["sockets"].items() if what == "connected")
    assert had == ([] if site.apart else sorted(site.sockets))


def test_no_secret_stands_where_another_clusters_job_finds_processes(site: Site, seen: Json) -> None:
    assert seen["processes"] == []
    assert seen["environments of others"] == 0 or not site.apart


def test_no_way_leads_to_a_folder_that_the_cluster_does_not_mount(site: Site) -> None:
    told = site.attacker.run("mounting.py", export=site.export, data=site.share)
    assert {name: (code != 0, files) for name, (code, _, files) in told["mounts"].items()} == dict.fromkeys(
        told["mounts"], (True, [])
    )
    assert not [path for path, text in told["paths"].items() if site.words in text]


def requests_to_the_cloud(site: Site) -> dict[str, Request]:
    found = {
        "the stacks": Request("$stacks", headers=TOKEN),
        "the projects": Request(f"{site.keystone}/projects", headers=TOKEN),
        "the users": Request(f"{site.keystone}/users", headers=TOKEN),
        "the roles": Request(f"{site.keystone}/role_assignments", headers=TOKEN),
        "without a token": Request(f"$stacks/{site.stacks['theirs']}"),
        "theirs: a failure of their master": Request(
            f"$stacks/{site.stacks['theirs']}/resources/master-handle/signal", "POST", json.dumps(FAILURE), TOKEN
        ),
    }
    for whose, stack in site.stacks.items():
        parts = ("", "/template", "/environment", "/files", "/resources", "/events", "/outputs")
        machine = ("/resources/worker-01", "/resources/worker-01/metadata", "/resources/worker-01/events")
        found |= {f"{whose}: {part}": Request(f"$stacks/{stack}{part}", headers=TOKEN) for part in (*parts, *machine)}
        found[f"{whose}: its end"] = Request(f"$stacks/{stack}", "DELETE", headers=TOKEN)
    return found


@pytest.fixture(scope="module")
def of_heat(site: Site) -> dict[str, Answer]:
    return site.ask(requests_to_the_cloud(site))


def test_a_nodes_token_opens_nothing_of_the_cloud_but_its_own_word(site: Site, of_heat: dict[str, Answer]) -> None:
    """No list, template, user-data or metadata of either cluster, no word for the other's machines."""
    assert len(of_heat) == 2 * 28
    assert of_heat["the stacks"].status  # Heat is there; Keystone need not be for machines of clusters
    refused = {name for name, answer in of_heat.items() if answer.error == "ConnectionRefusedError"}
    let_in = {name: answer for name, answer in of_heat.items() if answer.status not in (401, 403, 404)}
    assert set(let_in) <= refused, let_in
    told = "".join(answer.body for answer in of_heat.values())
    assert not [secret for secret in site.secrets if secret in told]


def calls(site: Site) -> dict[str, Request]:
    """What a node's agent says, said of another cluster's job: with its own credential, a forged one, none."""
    job = site.job
    said = {
        "a lease": (f"commands/{job}/lease", "POST", "{}"),
        "an end": (f"commands/{job}/result", "POST", json.dumps({"exit_code": 0, "reason": "stolen"})),
        "the program": (f"jobs/{job}/application", "GET", ""),
        "a file": (f"jobs/{job}/files/0", "GET", ""),
        "a log": (f"jobs/{job}/log?offset=0", "POST", "stolen"),
        "an output": (f"jobs/{job}/output?path=stolen", "PUT", "stolen"),
    }
    forged = {
        "with its own": "Bearer $credential",
        "with the other's name": f"Bearer {site.victim.id}.master.$mac",
        "with none": "",
        "with no sum": f"Bearer {site.victim.id}.master.",
        "with the secret of Heat": "Bearer $token",
    }
    own = {"a step": ("events", "POST", '{"step": "hosts", "state": "done", "seconds": 1}')}
    own |= {"the hosts": ("hosts?known=&wait=0", "GET", ""), "a command": ("commands?wait=0", "GET", "")}
    found = {}
    for how, credential in forged.items():
        headers = {"Authorization": credential, "Content-Type": "application/json"}
        for what, (path, method, body) in (said if how == "with its own" else said | own).items():
            found[f"{what} {how}"] = Request(f"$portal/{path}", method, body, headers)
    return found


def test_a_nodes_credential_opens_nothing_of_another_clusters_jobs(site: Site) -> None:
    answers = site.ask(calls(site))
    assert len(answers) == 2 * (6 + 4 * 9)
    let_in = {name: answer for name, answer in answers.items() if answer.status not in (401, 404)}
    assert let_in == {}
    assert site.is_whole()
    assert "stolen" not in site.victim.person.log(site.job)
    assert site.victim.person.outputs(site.job) == []
