"""The demo's data comes by the hash that the tests pin."""

from __future__ import annotations

import pytest

from launcher import environments
from launcher.demo import PACKAGE, pinned
from launcher.paths import TOP
from launcher.problem import Problem

REQUIREMENTS = "a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\nb==2 ; x\nc-b==3 \\\n    --hash=sha256:cc\n"


@pytest.mark.parametrize(
    ("package", "lines"),
    [
        ("a", "a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n"),
        ("b", "b==2 ; x\n"),
        ("c-b", "c-b==3 \\\n    --hash=sha256:cc\n"),
    ],
)
def test_it_takes_the_pin_of_one_package_and_nothing_else(package: str, lines: str) -> None:
    assert pinned(REQUIREMENTS, package) == lines


def test_it_says_when_a_package_is_not_pinned() -> None:
    with pytest.raises(Problem, match="not pinned"):
        pinned(REQUIREMENTS, "d")


def test_it_finds_the_flights_among_the_pins_of_the_tests() -> None:
    pin = pinned((TOP / environments.REQUIREMENTS["test"]).read_text(encoding="utf-8"), PACKAGE)
    assert pin.startswith(f"{PACKAGE}==")
    assert "--hash=sha256:" in pin
