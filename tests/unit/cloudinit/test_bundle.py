"""The bundle's version, and the parts that can be made without a network."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cloudinit import bundle
from cloudinit.bundle import build, parts, trial
from cloudinit.bundle.parts import Part, ensure
from cloudinit.bundle.tools import BuildError, Tools, find
from cloudinit.bundle.trial import Trial
from cloudinit.frameworks.node import half


def test_its_version_is_the_same_for_the_same_sources() -> None:
    assert bundle.version() == bundle.version()
    assert re.fullmatch(r"1-[0-9a-f]{12}", bundle.version())


def test_its_version_follows_names_and_contents_and_ignores_leftovers(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = bundle.digest(bundle.source_files(tmp_path), tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    (tmp_path / ".a.py.swp").write_text("x")
    assert bundle.digest(bundle.source_files(tmp_path), tmp_path) == first
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    second = bundle.digest(bundle.source_files(tmp_path), tmp_path)
    (tmp_path / "b.py").write_text("2")
    assert len({first, second, bundle.digest(bundle.source_files(tmp_path), tmp_path)}) == 3


def test_it_makes_a_part_anew_after_an_interruption_and_not_again(tmp_path: Path) -> None:
    place = tmp_path / "part"

    def interrupted(to: Path) -> None:
        (to / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure(Part("x", "1", "", interrupted), place)
    assert ensure(Part("x", "1", "", lambda to: (to / "whole").touch()), place)
    assert not (place / "half").exists()
    assert not ensure(Part("x", "1", "", interrupted), place)


def test_it_is_good_without_a_part_that_is_optional_and_tries_again_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(to: Path) -> None:
        (to / "half").touch()
        raise BuildError("java ended with 1:\nUnrecognized option")

    place = tmp_path / "archives-1"
    assert not build._make(Part("archives", "1", "", refused, optional=True), place)
    assert not place.exists()
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("archives: left out, everything works without")
    assert said.endswith("java ended with 1: Unrecognized option")
    assert build._make(Part("archives", "1", "", lambda to: (to / "whole").touch(), optional=True), place)
    with pytest.raises(BuildError):
        build._make(Part("hadoop", "1", "", refused), tmp_path / "hadoop-1")


def a_java(folder: Path, home: Path, build_text: str) -> Tools:
    """Tools with a program that answers as a Java of this build at this place."""
    folder.mkdir()
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho '    java.home = {home}'\necho 'OpenJDK {build_text}'\n")
    java.chmod(0o755)
    return Tools(Path("/usr/bin/python3"), "uv", str(java), "javac", "mvn")


def test_its_archives_belong_to_one_java_and_to_the_jars(tmp_path: Path) -> None:
    home, other = tmp_path / "jdk", tmp_path / "other jdk"
    for place in (home, other):
        (place / "lib").mkdir(parents=True)
        (place / "lib/modules").write_text("classes")
        os.utime(place / "lib/modules", (1, 1))

    def names(tools: Tools) -> dict[str, str]:
        return {part.name: part.directory_name for part in parts.all_parts(tmp_path, tools)}

    first = names(a_java(tmp_path / "1", home, "17.0.15"))
    assert names(a_java(tmp_path / "2", home, "17.0.15")) == first
    newer = names(a_java(tmp_path / "3", home, "17.0.16"))
    elsewhere = names(a_java(tmp_path / "4", other, "17.0.15"))
    os.utime(home / "lib/modules", (2, 2))
    installed_anew = names(a_java(tmp_path / "5", home, "17.0.15"))
    assert len({found["archives"] for found in (first, newer, elsewhere, installed_anew)}) == 4
    for found in (newer, elsewhere, installed_anew):
        assert {name for name in found if found[name] != first[name]} == {"archives"}


def test_a_change_of_the_node_program_leaves_all_parts_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = a_java(tmp_path / "1", tmp_path, "17")
    before, version = [part.directory_name for part in parts.all_parts(tmp_path, tools)], bundle.version()
    (tmp_path / "program").mkdir()
    (tmp_path / "program/new.py").write_text("")
    monkeypatch.setattr(bundle, "DIRECTORY", tmp_path / "program")
    monkeypatch.setattr(bundle, "PACKAGES", ())
    assert bundle.version() != version
    assert [part.directory_name for part in parts.all_parts(tmp_path, tools)] == before


def test_its_list_of_classes_has_each_once_and_what_lambdas_made_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "hadoop-namenode.classes").write_text("java/lang/Object\n@lambda-proxy a run\norg/Name\n")
    (tmp_path / "hadoop-datanode.classes").write_text("java/lang/Object\n@lambda-proxy a run\norg/Data\n")
    (tmp_path / "spark-master.classes").write_text("org/Spark\n")
    merged = Trial([], half("spark"), tmp_path).merge("hadoop")
    assert merged.read_text().splitlines() == ["java/lang/Object", "org/Data", "org/Name", "@lambda-proxy a run"]


KILLED = """
import os, signal, sys
from pathlib import Path
from cloudinit.bundle.trial import Trial
from cloudinit.frameworks.node import Program, half

class Node:
    root = Path(sys.argv[1])

Trial([], half("spark"), Node.root)._popen(Node, "spark-master", Program((sys.argv[2],), {}))
print((Node.root / "pid").read_text(), flush=True)  # it runs
os.kill(os.getpid(), signal.SIGKILL)
"""


def a_daemon(folder: Path, text: str) -> Path:
    daemon = folder / "java"
    daemon.write_text(f"#!/bin/sh\n{text}\n")
    daemon.chmod(0o755)
    return daemon


def a_build(script: str, *arguments: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(bundle.__path__[0]).parents[1])


def ends(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        ended = os.pidfd_open(pid)
        try:
            return bool(select.select([ended], [], [], 10)[0])
        finally:
            os.close(ended)
    return True


def test_a_build_that_is_killed_leaves_no_daemon_behind(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    daemon = a_daemon(tmp_path, f"echo $$ > '{tmp_path}/pid'; exec sleep 600")
    with a_build(KILLED, tmp_path, daemon) as killed:
        said, _ = killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert ends(int(said)), "it still runs"


TOLD_TO_END = """
import signal, sys
from pathlib import Path
from cloudinit.bundle import build
from cloudinit.bundle.trial import Trial
from cloudinit.frameworks.node import Program, half

class Node:
    root = Path(sys.argv[1])

for number in build.ENDS:
    signal.signal(number, signal.SIG_DFL)  # the tests may run below nohup

def run_a_trial(*_):
    trial = Trial([], half("spark"), Node.root)
    with trial.running():
        trial._running["spark-worker"] = trial._popen(Node, "spark-worker", Program((sys.argv[2],), {}))
        print((Node.root / "pid").read_text(), flush=True)
        signal.pause()

build.build = run_a_trial
sys.exit(build.main(["--cache", sys.argv[1]]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_build_that_is_told_to_end_first_ends_what_its_daemons_have_started(
    tmp_path: Path, number: signal.Signals
) -> None:
    os.mkfifo(tmp_path / "pid")
    daemon = a_daemon(tmp_path, f"sleep 600 & echo $! > '{tmp_path}/pid'; wait")
    with a_build(TOLD_TO_END, tmp_path, daemon) as told:
        assert told.stdout is not None
        executor = int(told.stdout.readline())
        told.send_signal(number)
    assert told.returncode == 128 + number
    assert ends(executor), "it still runs"


def test_a_program_of_the_trial_that_hangs_costs_only_the_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "RUN_SECONDS", 0.2)
    node = trial._nodes(tmp_path, tmp_path, a_daemon(tmp_path, "exec sleep 600"))[0]
    node.root.mkdir()
    cluster = Trial([], half("spark"), tmp_path)
    with pytest.raises(BuildError, match="hadoop-put has not ended"), cluster.running():
        cluster._run(node, "hadoop-put", [str(node.java)], {})
    assert cluster._running["hadoop-put"].returncode == -signal.SIGTERM


KILLED_IN_A_PROGRAM = """
import sys
from pathlib import Path
from cloudinit.bundle import build, tools

with build._lock(Path(sys.argv[1])):
    tools.run(["sh", "-c", 'kill -KILL $PPID; read end < "$0"', sys.argv[2]])
"""


def test_what_a_killed_build_was_running_keeps_the_next_one_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "end")
    with a_build(KILLED_IN_A_PROGRAM, tmp_path, tmp_path / "end") as killed:
        pass
    assert killed.returncode == -signal.SIGKILL
    with (tmp_path / "bundle.lock").open("w") as lock:
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            (tmp_path / "end").write_text("\n")
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_its_jar_of_names_keeps_the_lines_of_a_manifest_short(tmp_path: Path) -> None:
    names = [f"../hadoop/lib/a-jar-with-a-name-{number}.jar" for number in range(200)]
    parts._pathing_jar(tmp_path / "path.jar", names)
    text = zipfile.ZipFile(tmp_path / "path.jar").read("META-INF/MANIFEST.MF").decode()
    assert all(len(line) <= 72 for line in text.split("\r\n"))
    assert text.replace("\r\n ", "").splitlines()[1] == "Class-Path: " + " ".join(names)


def test_its_node_program_imports_nothing_but_itself(tmp_path: Path) -> None:
    program = tmp_path / "slipway-node.pyz"
    build._node_program(program, tmp_path / "scratch", Path(sys.executable))
    command = [sys.executable, "-I", "-S", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 2
    assert done.stderr == "use: slipway-node boot | agent\n"


def test_its_node_program_is_not_compiled_anew_at_each_start(tmp_path: Path) -> None:
    program = tmp_path / "slipway-node.pyz"
    build._node_program(program, tmp_path / "scratch", Path(sys.executable))
    script = f"import sys; sys.path.insert(0, {str(program)!r}); import slipway_node.boot as b; print(b.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{program}/slipway_node/boot.pyc\n"


def test_it_says_what_to_install_where_java_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(BuildError, match="install a JDK 17 or newer"):
        find(Path("/usr/bin/python3"), "sh")
    with pytest.raises(BuildError, match="--uv"):
        find(Path("/usr/bin/python3"), str(tmp_path / "uv"))
    with pytest.raises(BuildError, match="cannot be run"):
        find(tmp_path / "python", "sh")


def test_it_refuses_an_interpreter_that_the_nodes_cannot_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)  # only root gives nodes users of their own
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    interpreter = closed / "python3"
    interpreter.write_text('#!/bin/sh\nexec /usr/bin/python3 "$@"\n')
    interpreter.chmod(0o755)
    with pytest.raises(BuildError, match="closed to other users"):
        find(interpreter, "sh")
