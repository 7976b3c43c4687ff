"""The bundle for nodes whose image has none: where they fetch it, and with which sum."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SUM = re.compile(r"[0-9a-f]{128}")


class WrongSoftware(Exception):
    """`wrong` maps the name of each wrong variable to what is wrong with it."""

    def __init__(self, wrong: dict[str, str]) -> None:
        self.wrong = wrong
        super().__init__("; ".join(f"{name}: {why}" for name, why in wrong.items()))


@dataclass(frozen=True)
class Software:
    """`file` is what the portal serves under the last part of `url`; None where a mirror has it."""

    url: str
    sha512: str
    file: Path | None = None


def read(place: str, total: str, node_url: str) -> Software | None:
    """What SLIPWAY_SOFTWARE and SLIPWAY_SOFTWARE_SHA512 say; None where they say nothing. Raises WrongSoftware."""
    if not place:
        return None
    if place.startswith(("http://", "https://")):
        return Software(place, _checked(total, "set it to the archive's SHA-512, as `./slipway image` has written it"))
    file = Path(place)
    if not file.is_file():
        raise WrongSoftware({"SLIPWAY_SOFTWARE": f"there is no file {place}, and it is no http or https address"})
    beside = file.with_name(f"{file.name}.sha512")
    known = total or (beside.read_text(encoding="ascii").split() or [""])[0] if beside.is_file() else total
    checked = _checked(known, f"{beside} does not say it: make both with `./slipway image --without-bundle`")
    # By its content: what a node has checked under one address never changes there.
    return Software(f"{node_url}/node/v1/software/{checked[:32]}", checked, file)


def _checked(total: str, advice: str) -> str:
    if not SUM.fullmatch(total):
        raise WrongSoftware({"SLIPWAY_SOFTWARE_SHA512": f"{total!r} is no SHA-512 of 128 hexadecimal digits; {advice}"})
    return total
