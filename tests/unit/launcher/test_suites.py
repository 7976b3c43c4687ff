"""What the last lines of `./slipway test` say."""

from __future__ import annotations

import pytest

from launcher.__main__ import parser, run_program
from launcher.console import Console
from launcher.paths import TOP, Paths
from launcher.problem import Problem
from launcher.testing import (
    NEEDED_BY,
    Outcome,
    describe,
    folders,
    read_counts,
    split,
    system_program,
    total,
)

REPORT = '<testsuites><testsuite tests="7" failures="1" errors="2" skipped="1"/></testsuites>'
GOOD = {"tests": 3, "passed": 3, "failures": 0, "errors": 0, "skipped": 0}


def test_it_counts_by_pytests_own_report() -> None:
    assert read_counts(REPORT) == {"tests": 7, "passed": 3, "failures": 1, "errors": 2, "skipped": 1}


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("db", 1, GOOD, 1.0),
        Outcome("db", 0, {**GOOD, "skipped": 1}, 1.0),
        Outcome("db", 0, {**GOOD, "passed": 0, "tests": 0}, 1.0),
        Outcome("db", 2, {}, 1.0),
    ],
    ids=["a failure", "something skipped", "nothing ran", "it did not run"],
)
def test_it_calls_a_suite_failed_that_proves_nothing(outcome: Outcome) -> None:
    assert not outcome.good
    assert "FAILED" in describe(outcome)
    assert not total([Outcome("unit", 0, GOOD, 1.0), outcome]).good


def test_it_adds_the_suites_up() -> None:
    outcome = total([Outcome("unit", 0, GOOD, 1.0), Outcome("db", 0, GOOD, 2.0)])
    assert outcome.good
    assert describe(outcome) == "total   ok      6 passed in 3.0 s"


def test_it_runs_no_program_that_the_project_does_not_name() -> None:
    with pytest.raises(Problem, match="not in the test environment"):
        system_program("sh", Console())


def test_a_normal_user_is_told_which_package_a_suite_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert NEEDED_BY["browser"] == ("chromium",)
    with pytest.raises(Problem, match=r"apt-get update && sudo apt-get install .* chromium"):
        system_program("chromium", Console())


@pytest.mark.parametrize(
    ("words", "suites", "options"),
    [
        ([], [], []),
        (["unit", "db"], ["unit", "db"], []),
        (["e2e", "--", "-k", "unit"], ["e2e"], ["-k", "unit"]),
        (["--", "db", "--", "-x"], [], ["db", "--", "-x"]),
        (["e2e", "--", "tests/e2e/test_x.py"], ["e2e"], ["tests/e2e/test_x.py"]),
        (["--", "tests/db/test_x.py::test_y", "-x"], ["db"], ["tests/db/test_x.py::test_y", "-x"]),
        (["--", "tests/attacks"], ["e2e"], ["tests/attacks"]),
    ],
)
def test_what_stands_behind_two_dashes_is_pytests(words: list[str], suites: list[str], options: list[str]) -> None:
    arguments = parser().parse_args(["test", *words])
    assert split(arguments.words) == (suites, options)


@pytest.mark.parametrize("words", [["e3e"], ["unit", "-x"], ["tests/unit/test_x.py", "--", "-q"]])
def test_a_suite_that_there_is_not_is_refused_with_those_there_are(words: list[str]) -> None:
    with pytest.raises(Problem, match=r"unit, db, e2e, browser.* behind --"):
        split(parser().parse_args(["test", *words]).words)


def test_a_path_narrows_its_suite() -> None:
    assert folders("unit", ["-k", "tests"]) == ["tests/unit"]
    assert folders("e2e", []) == ["tests/e2e", "tests/attacks"]
    assert folders("e2e", ["-q", "tests/e2e/test_x.py"]) == []


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("kill -KILL $$", 137)])
def test_a_program_that_a_signal_ended_gives_the_status_that_a_shell_gives(script: str, status: int) -> None:
    assert run_program(Paths(TOP, TOP, TOP, TOP), ["sh", "-c", script]) == status
