"""What the last lines of `./slipway test` say."""

from __future__ import annotations

import pytest

from launcher.console import Console
from launcher.problem import Problem
from launcher.testing import NEEDED_BY, Outcome, describe, read_counts, system_program, total

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
    with pytest.raises(Problem, match=r"apt-get install .* chromium"):
        system_program("chromium", Console())
