"""What people may call things."""

from __future__ import annotations

import re

# A person's text may be anything on one line. The generator would carry line breaks, but a list of names would not.
NOT_ONE_LINE = re.compile("[\x00-\x1f\x7f\u2028\u2029]")


def is_one_line(text: str) -> bool:
    """Whether it can stand in a list: without line breaks and control characters."""
    return not NOT_ONE_LINE.search(text)


def carried(text: str) -> str:
    """The text, with lone surrogates, which no encoding carries, as their escapes."""
    return text.encode(errors="backslashreplace").decode()
