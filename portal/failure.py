"""What went wrong with something that is somebody's, in words for that person."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Failure:
    what: str
    why: str
    next: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)
