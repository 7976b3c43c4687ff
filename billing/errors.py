"""What billing does not do. The portal says it in its own words to people."""

from __future__ import annotations


class Wrong(ValueError):
    """`field` is what was sent and is wrong, whatever the state of things is."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


class NotPossible(Exception):
    """Right as such, but not with the present accounts."""
