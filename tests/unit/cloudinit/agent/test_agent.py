"""The master's agent: what it does with commands, and what it tells."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudinit.slipway_node.agent import SHUT_DOWN, UNWANTED, Agent, answer_of
from cloudinit.slipway_node.job_records import DIED, Records, Result
from cloudinit.slipway_node.jobs import JobTools
from cloudinit.slipway_node.portal import PortalClient

LONG = "import time\nprint('up', flush=True)\nfor _ in range(6000): time.sleep(0.1)\n"

Start = Callable[[], Agent]


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "jobs")


@pytest.fixture
def start(portal: Any, tools: JobTools, records: Records) -> Iterator[Start]:
    agents: list[tuple[Agent, threading.Thread]] = []

    def run() -> Agent:
        agent = Agent(PortalClient(portal.url, "9b0c.master.f00d"), tools, records)
        thread = threading.Thread(target=agent.work, daemon=True)
        thread.start()
        agents.append((agent, thread))
        return agent

    yield run
    for agent, thread in agents:
        agent.shut_down()
        thread.join(10)
        assert not thread.is_alive()


def test_it_runs_a_job_from_the_offer_to_the_result(portal: Any, start: Start) -> None:
    text = (
        "import os, sys\nfrom pathlib import Path\nfolder = Path(os.environ['SLIPWAY_JOB_DIR'])\n"
        "(folder / 'output').mkdir()\n"
        "data = (folder / 'input' / 'a b.csv').read_text()\n"
        "(folder / 'output' / 'table ü.csv').write_text(data * 2)\n"
        "print('done', *sys.argv[1:])\nsys.exit(3)\n"
    )
    command = portal.submit(text, ["x", "y"], files={"a b.csv": b"1,2\n"})
    start()
    assert portal.result(command) == {
        "exit_code": 3,
        "reason": "",
        "output": [{"path": "table ü.csv", "size": 8, "uploaded": True}],
    }
    job_id = command["job"]["id"]
    assert portal.logs[job_id] == b"done x y\n"
    assert portal.outputs == {(job_id, "table ü.csv"): b"1,2\n1,2\n"}


def test_it_keeps_only_the_record_once_the_result_is_told(
    portal: Any, start: Start, records: Records, wait_until: Callable[..., None]
) -> None:
    command = portal.submit("print('x')")
    start()
    portal.result(command)
    folder = records.folder(command["job"]["id"])
    wait_until(lambda: [path.name for path in folder.iterdir()] == ["record.json"])
    assert records.unreported() == []


def test_it_does_not_run_a_job_twice(portal: Any, start: Start, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    command = portal.submit("import sys; open(sys.argv[1], 'a').write('x'); sys.exit(5)", [str(runs)])
    start()
    first = portal.result(command)
    portal.offer(command)
    portal.wait_for(lambda: len(portal.results) == 2)
    assert portal.results[1] == (command["id"], first)
    again = {**command, "id": str(uuid.uuid4())}
    portal.offer(again)
    assert portal.result(again) == first
    assert runs.read_text() == "x"


def test_it_runs_jobs_one_after_the_other(portal: Any, start: Start) -> None:
    commands = [portal.submit(f"print({number})") for number in range(3)]
    start()
    for number, command in enumerate(commands):
        assert portal.result(command)["exit_code"] == 0
        assert portal.logs[command["job"]["id"]] == f"{number}\n".encode()


def test_it_renews_the_lease_while_a_job_runs_and_stops_it_when_it_is_gone(
    portal: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudinit.slipway_node.agent.LEASE_EVERY_SECONDS", 0.2)
    command = portal.submit(LONG)
    start()
    portal.wait_for(lambda: portal.renewed.count(command["id"]) >= 3)
    portal.wait_for(lambda: portal.logs.get(command["job"]["id"]) == b"up\n")
    portal.unwanted.add(command["id"])
    assert portal.result(command) == {"exit_code": None, "reason": UNWANTED, "output": []}


@pytest.mark.usefixtures("short_pauses")
def test_a_job_goes_on_while_its_lease_cannot_be_renewed(
    portal: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudinit.slipway_node.agent.LEASE_EVERY_SECONDS", 0.1)
    portal.faults["lease"] = [503, 500, 401]
    command = portal.submit("import time; time.sleep(0.8); print('done')")
    start()
    assert portal.result(command)["exit_code"] == 0
    assert portal.faults["lease"] == []
    assert portal.renewed


@pytest.mark.usefixtures("short_pauses")
def test_it_tells_a_result_when_the_portal_is_back(portal: Any, start: Start) -> None:
    portal.faults["result"] = [503, 503]
    command = portal.submit("print('x')")
    start()
    assert portal.result(command)["exit_code"] == 0
    assert portal.calls.count(f"POST commands/{command['id']}/result") == 3


def test_it_says_what_the_portal_would_not_take(portal: Any, start: Start) -> None:
    portal.faults["output"] = [413]
    text = (
        "import os\nfrom pathlib import Path\noutput = Path(os.environ['SLIPWAY_JOB_DIR'], 'output')\n"
        "output.mkdir()\nfor name in 'ab': (output / name).write_text('1')\n"
    )
    command = portal.submit(text)
    start()
    result = portal.result(command)
    assert result["output"] == [
        {"path": "a", "size": 1, "uploaded": False},
        {"path": "b", "size": 1, "uploaded": True},
    ]
    assert result["exit_code"] == 0
    assert "'a' could not be uploaded" in result["reason"]


def test_it_tells_the_end_even_if_the_list_of_the_output_is_refused(portal: Any, start: Start) -> None:
    portal.faults["result"] = [400]
    text = (
        "import os, sys\nfrom pathlib import Path\noutput = Path(os.environ['SLIPWAY_JOB_DIR'], 'output')\n"
        "output.mkdir()\n(output / 'a').write_text('1')\nsys.exit(4)\n"
    )
    command = portal.submit(text)
    start()
    result = portal.result(command)
    assert (result["exit_code"], result["output"]) == (4, [])
    assert result["reason"] == ""


def test_a_reason_holds_nothing_that_a_database_would_refuse() -> None:
    answer = answer_of(Result(None, "no \x00 file \ud800\n" + "x" * 5000))
    reason = str(answer["reason"])
    assert reason.isprintable()
    assert len(reason) == 2000
    assert reason.startswith("no   file")


def test_it_tells_the_result_even_if_the_log_is_refused(portal: Any, start: Start) -> None:
    portal.faults["log"] = [404, 404, 404, 404]
    command = portal.submit("print('x')")
    start()
    assert portal.result(command)["exit_code"] == 0


def test_a_job_of_an_agent_that_died_counts_as_failed_and_is_not_run(
    portal: Any, start: Start, records: Records
) -> None:
    command = portal.submit("print('x')")
    records.begin(command["job"]["id"], command["id"])
    start()
    assert portal.result(command) == {"exit_code": None, "reason": DIED, "output": []}
    portal.wait_for(lambda: not portal.offered)
    assert command["job"]["id"] not in portal.logs


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"id": "c-1", "kind": "dance"}, "does not know the command 'dance'"),
        ({"id": "c-1", "kind": "run-job"}, "no usable 'id'"),
        ({"id": "c-1", "kind": "run-job", "job": "flights.py"}, "no usable 'id'"),
    ],
)
def test_it_refuses_a_command_that_it_does_not_understand(
    portal: Any, start: Start, command: dict[str, Any], words: str
) -> None:
    portal.offer(command)
    start()
    result = portal.result(command)
    assert result["exit_code"] is None
    assert words in result["reason"]


@pytest.mark.usefixtures("short_pauses")
def test_it_goes_on_after_an_outage(portal: Any, start: Start) -> None:
    portal.faults["commands"] = [502, 500, 404, 503]
    command = portal.submit("print('x')")
    start()
    assert portal.result(command)["exit_code"] == 0


def test_it_asks_slowly_when_its_credential_is_refused(portal: Any, start: Start) -> None:
    portal.faults["commands"] = [401] * 100
    start()
    portal.wait_for(lambda: "GET commands" in portal.calls)
    time.sleep(0.5)
    assert portal.calls.count("GET commands") == 1


def test_it_does_not_spin_on_a_portal_that_does_not_wait(
    portal: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudinit.slipway_node.agent.POLL_SECONDS", 0)
    start()
    portal.wait_for(lambda: "GET commands" in portal.calls)
    time.sleep(1.0)
    assert 2 <= portal.calls.count("GET commands") <= 5


def test_shutting_down_stops_the_job_and_says_so(portal: Any, start: Start) -> None:
    command = portal.submit(LONG)
    agent = start()
    portal.wait_for(lambda: portal.logs.get(command["job"]["id"]) == b"up\n")
    agent.shut_down()
    assert portal.result(command) == {"exit_code": None, "reason": SHUT_DOWN, "output": []}
