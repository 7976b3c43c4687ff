"""How long a job ran, as people say it."""

from __future__ import annotations

import pytest

from portal.web.fragments import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (26, "26 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (7440, "2 h 4 min"),
        (7205, "2 h 5 s"),
        (90061, "25 h 1 min"),
    ],
)
def test_the_two_largest_units_are_named(seconds: int, words: str) -> None:
    assert duration(seconds) == words
