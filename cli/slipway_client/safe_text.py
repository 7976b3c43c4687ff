"""Text of others on its way to a terminal: names, reasons and logs may hold what a terminal takes for an order."""

from __future__ import annotations

import json
import re
from typing import Any

# Control characters, lone surrogates, and what turns the direction of writing so that text reads as another.
_ORDERS = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_A_LINE = re.compile(f"[{_ORDERS}]")
_IN_A_TEXT = re.compile(f"(?![\n\t])[{_ORDERS}]")


def line(text: object) -> str:
    """One line: what is an order to a terminal, or ends a line, is shown by its number."""
    return _IN_A_LINE.sub(_shown, str(text))


def lines(text: str) -> str:
    """As `line`, but line ends and tabs stay."""
    return _IN_A_TEXT.sub(_shown, text.replace("\r\n", "\n"))


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON in which people can read all scripts, and that says nothing else to a terminal."""
    # What json.dumps itself puts between the values is printable but for line ends.
    return _IN_A_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, indent=indent))


def _shown(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
