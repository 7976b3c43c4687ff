"""What a terminal would take for an order is shown by its number."""

from __future__ import annotations

import json

import pytest

from cli.slipway_client import safe_text

HOSTILE = "a\x1b[2Jb\x07c\u202ed\x9be\ud800f\x7f"
SHOWN = r"a\x1b[2Jb\x07c\u202ed\x9be\ud800f\x7f"


def test_orders_are_shown_by_their_numbers() -> None:
    assert safe_text.line(HOSTILE) == SHOWN
    assert safe_text.lines(HOSTILE) == SHOWN


def test_a_line_stays_one_line_and_a_text_keeps_its_lines() -> None:
    assert safe_text.line("a\nb\tc") == r"a\x0ab\x09c"
    assert safe_text.lines("a\r\nb\tc\rd") == "a\nb\tc\\x0dd"


@pytest.mark.parametrize("text", ["Zürich", "東京", "مرحبا", "😀", "[bold]no markup[/bold]"])
def test_all_scripts_stay_as_they_are(text: str) -> None:
    assert safe_text.line(text) == text


def test_json_says_the_same_and_nothing_to_a_terminal() -> None:
    written = safe_text.as_json({"name": HOSTILE, "text": "東京\n"}, indent=2)
    assert json.loads(written) == {"name": HOSTILE, "text": "東京\n"}
    assert "東京" in written
    assert all(character.isprintable() or character == "\n" for character in written)
