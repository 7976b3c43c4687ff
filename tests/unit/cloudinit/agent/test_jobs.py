"""One job: what it finds, what it says, how it ended, what it leaves."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cloudinit.slipway_node.job_process import Stop
from cloudinit.slipway_node.job_records import OutputFile, Result
from cloudinit.slipway_node.jobs import JobError, JobTools, parse_job, parse_listing, run_job
from cloudinit.slipway_node.portal import PortalClient

GOOD = {
    "id": "6f1f4f0e-6a0e-4d0e-9b51-1d5a6f3f7c11",
    "application": "job.py",
    "arguments": ["--x", "ü"],
    "files": ["a b.csv"],
    "output_limit": 1000,
}


class Bench:
    """Runs a job's text as the agent would, but for the agent."""

    def __init__(self, portal: Any, client: PortalClient, tools: JobTools, folder: Path) -> None:
        self.portal, self.client, self.tools, self.folder = portal, client, tools, folder
        self.stop = Stop()
        self.job_id = ""

    def run(self, text: str, arguments: list[str] | None = None, **more: Any) -> Result:
        command = self.portal.submit(text, arguments, **more)
        self.job_id = command["job"]["id"]
        self.folder.mkdir()
        return run_job(parse_job(command["job"]), self.folder, self.client, self.tools, self.stop)

    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def bench(portal: Any, client: PortalClient, tools: JobTools, tmp_path: Path) -> Bench:
    return Bench(portal, client, tools, tmp_path / "job")


def test_a_job_finds_its_files_under_their_own_names(bench: Bench) -> None:
    files = {"a b.csv": b"1", "ü 😀 [x]{1}.txt": b"22", "100%?*#.csv": b"333"}
    text = (
        "import json, os\nfrom pathlib import Path\n"
        "folder = Path(os.environ['SLIPWAY_JOB_DIR'], 'input')\n"
        "print(json.dumps({path.name: path.stat().st_size for path in folder.iterdir()}))\n"
    )
    result = bench.run(text, files=files)
    assert result == Result(0)
    assert json.loads(bench.log()) == {name: len(data) for name, data in files.items()}


def test_a_job_gets_its_arguments_and_the_frameworks_environment(bench: Bench) -> None:
    arguments = ["", "a b", "$HOME", "`id`", "ü", "--flag", "line\nline"]
    text = "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.environ['FRAMEWORK']]))\n"
    assert bench.run(text, arguments).exit_code == 0
    assert json.loads(bench.log()) == [arguments, "a test's"]


def test_a_log_holds_both_streams_in_their_order(bench: Bench) -> None:
    text = "import sys\nfor number in range(50):\n    print(f'out {number}'); print(f'err {number}', file=sys.stderr)\n"
    assert bench.run(text).exit_code == 0
    assert bench.log() == "".join(f"out {number}\nerr {number}\n" for number in range(50))


def test_a_log_reaches_the_portal_while_the_job_runs(bench: Bench, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    text = (
        "import sys, time\nfrom pathlib import Path\nprint('first', flush=True)\n"
        "for _ in range(1000):\n"
        "    if Path(sys.argv[1]).exists(): break\n"
        "    time.sleep(0.02)\n"
        "else: sys.exit(9)\n"
    )
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(bench.run(text, [str(go_on)])))
    thread.start()
    bench.portal.wait_for(lambda: bench.portal.logs.get(bench.job_id) == b"first\n")
    go_on.touch()
    thread.join(20)
    assert results == [Result(0)]


@pytest.mark.parametrize("code", [1, 3, 255])
def test_the_exit_code_is_that_of_the_jobs_own_process(bench: Bench, code: int) -> None:
    assert bench.run(f"import sys; sys.exit({code})") == Result(code)


def test_a_job_that_a_signal_ended_says_so(bench: Bench) -> None:
    result = bench.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert result.exit_code == 137
    assert "signal 9 (SIGKILL)" in result.reason
    assert "want of memory" in result.reason


def test_a_job_whose_own_child_was_killed_says_so(bench: Bench) -> None:
    result = bench.run("import sys; sys.exit(128 + 9)")
    assert result.exit_code == 137
    assert "take a larger flavor" in result.reason


def test_output_is_copied_in_name_order_as_far_as_the_limit_goes(bench: Bench) -> None:
    text = (
        "import os\nfrom pathlib import Path\n"
        "output = Path(os.environ['SLIPWAY_JOB_DIR'], 'output')\n"
        "(output / 'part').mkdir(parents=True)\n"
        "for name, size in {'a': 60, 'b': 70, 'part/c d': 40}.items():\n"
        "    (output / name).write_bytes(b'x' * size)\n"
    )
    result = bench.run(text, output_limit=100)
    assert result.output == (
        OutputFile("a", 60, True),
        OutputFile("b", 70, False),
        OutputFile("part/c d", 40, True),
    )
    assert (bench.folder / "output" / "part" / "c d").stat().st_size == 40
    assert not (bench.folder / "output" / "b").exists()


def test_a_file_that_the_portal_does_not_have_ends_the_job_with_a_reason(bench: Bench) -> None:
    bench.portal.faults["application"] = [404]
    result = bench.run("print('ran')")
    assert result.exit_code is None
    assert "'job.py' could not be fetched" in result.reason
    assert "404" in result.reason
    assert not (bench.folder / "log").exists()


@pytest.mark.usefixtures("short_pauses")
def test_an_outage_of_the_portal_only_delays_a_download(bench: Bench) -> None:
    bench.portal.faults["application"] = [503, 502]
    assert bench.run("print('ran')") == Result(0)
    assert bench.log() == "ran\n"


def test_a_file_system_that_does_not_answer_ends_the_job_with_a_reason(bench: Bench, folder_tool: Path) -> None:
    (folder_tool.parent / "broken").touch()
    result = bench.run("print('ran')")
    assert result == Result(None, "The job's files could not be taken to HDFS: ConnectException: Connection refused")


def test_output_that_cannot_be_fetched_does_not_change_the_exit_code(bench: Bench, folder_tool: Path) -> None:
    result = bench.run("import sys; open(sys.argv[1], 'w')", [str(folder_tool.parent / "broken")])
    assert result.exit_code == 0
    assert "could not be fetched from HDFS" in result.reason


def test_a_command_that_is_not_there_is_a_reason(bench: Bench) -> None:
    tools = bench.tools
    bench.tools = JobTools(
        lambda _application, _arguments, _uri: (["/nonexistent/submit"], {}),
        tools.folder_tool,
        tools.directory_uri,
    )
    result = bench.run("print()")
    assert result.exit_code is None
    assert "could not be started" in result.reason
    assert "/nonexistent/submit" in result.reason


def test_a_job_leaves_no_process_behind(bench: Bench, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    text = (
        "import os, sys, time\n"
        "def note():\n"
        "    with open(sys.argv[1], 'a') as file: file.write(f'{os.getpid()}\\n')\n"
        "if os.fork() == 0:\n"
        "    note(); time.sleep(600)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        note(); time.sleep(600)\n"
        "    os._exit(0)\n"
        "for _ in range(1000):\n"
        "    if os.path.exists(sys.argv[1]) and open(sys.argv[1]).read().count('\\n') == 2: break\n"
        "    time.sleep(0.01)\n"
        "os._exit(4)\n"
    )
    began = time.monotonic()
    assert bench.run(text, [str(pids)]).exit_code == 4
    assert time.monotonic() - began < 15
    left = [int(pid) for pid in pids.read_text().split()]
    assert len(left) == 2
    assert not any(_runs(pid) for pid in left)


def test_a_stopped_job_ends_even_if_it_does_not_want_to(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudinit.slipway_node.job_process.GRACE_SECONDS", 0.5)
    text = (
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))\n"
        "print('up', flush=True)\nfor _ in range(6000): time.sleep(0.1)\n"
    )
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(bench.run(text)))
    thread.start()
    bench.portal.wait_for(lambda: bench.portal.logs.get(bench.job_id) == b"up\n")
    bench.stop.set("Enough.")
    thread.join(10)
    assert results == [Result(None, "Enough.")]
    assert bench.log() == "up\nno\n"


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def test_it_takes_a_good_order() -> None:
    job = parse_job(GOOD)
    assert (job.arguments, job.files) == (("--x", "ü"), ("a b.csv",))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "../../etc"}, "no UUID"),
        ({"id": None}, "'id'"),
        ({"application": "../job.py"}, "slash"),
        ({"application": ""}, "not the name of a file"),
        ({"arguments": "a b"}, "'arguments'"),
        ({"arguments": [1]}, "strings"),
        ({"arguments": ["a\0b"]}, "NUL"),
        ({"files": ["a", "a"]}, "same name"),
        ({"files": [".."]}, "not the name of a file"),
        ({"files": ["a/b"]}, "slash"),
        ({"files": ["12:30.csv"]}, "colon"),
        ({"files": ["a\nb"]}, "control character"),
        ({"files": ["ü" * 128]}, "longer than 255 bytes"),
        ({"files": ["\ud800"]}, "Unicode"),
        ({"output_limit": "much"}, "'output_limit'"),
    ],
)
def test_it_refuses_an_order_and_says_why(change: dict[str, Any], words: str) -> None:
    with pytest.raises(JobError, match=words):
        parse_job({**GOOD, **change})


def test_it_reads_a_listing_with_its_rest() -> None:
    lines = [b'{"path": "a", "size": 1, "copied": true}', b'{"left_out": 7}']
    assert parse_listing(lines) == ([OutputFile("a", 1, True)], 7)


def test_it_counts_paths_that_nobody_could_read() -> None:
    lines = [b'{"path": "a\\nb", "size": 1, "copied": true}', b'{"path": "\\u0000", "size": 1, "copied": true}']
    assert parse_listing(lines) == ([], 2)


@pytest.mark.parametrize("line", [b"WARN something", b"[]", b'{"path": "a"}'])
def test_it_does_not_take_other_lines_for_a_listing(line: bytes) -> None:
    with pytest.raises(JobError):
        parse_listing([line])


def test_the_locale_lets_java_see_unicode(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert bench.run("import os; print(os.environ['LC_ALL'])").exit_code == 0
    assert bench.log() == "C.UTF-8\n"
    assert os.environ["LC_ALL"] == "C"
