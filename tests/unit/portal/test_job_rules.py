"""What may be submitted."""

from __future__ import annotations

import pytest

from cloudinit import frameworks
from portal.jobs.rules import parse_arguments, wrong_fields, wrong_name

SPARK = frameworks.manifest("spark")


@pytest.mark.parametrize("name", ["a b.csv", "übung.csv", "漢字.csv", "a[1]*?.csv", "-rf", "{x}", "%41", "x" * 255])
def test_unusual_names_are_kept(name: str) -> None:
    assert wrong_name(name) is None


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a:b", "a\nb", "a\0b", "ü" * 128])
def test_names_that_cannot_be_are_refused(name: str) -> None:
    assert wrong_name(name)


def test_a_right_submission_has_no_faults() -> None:
    assert wrong_fields(SPARK, "flights.py", ["a", ""], ["x.csv", "y.csv"]) == {}
    assert wrong_fields(SPARK, "Flights.JAR", [], []) == {}


def test_every_fault_is_named_at_once() -> None:
    assert set(wrong_fields(SPARK, "run.sh", "x", ["a", "a"])) == {"application", "arguments", "files"}


@pytest.mark.parametrize(
    ("text", "value"), [("", []), (" ", []), ('["a"]', ["a"]), ("{}", {}), ("[1,", "[1,"), ("a", "a")]
)
def test_arguments_are_parsed_and_text_that_is_no_json_stays_text(text: str, value: object) -> None:
    assert parse_arguments(text) == value


def test_arguments_have_a_limit() -> None:
    assert "arguments" in wrong_fields(SPARK, "a.py", ["x" * 100_001], [])
    assert "arguments" in wrong_fields(SPARK, "a.py", ["\0"], [])
