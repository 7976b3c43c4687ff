"""Shares as the storage back end keeps them: a folder each, with the rules of who may mount it.

    shares/<id>/share.json    export path, size, rules; Manila's driver writes it, compute reads it
    shares/<id>/data/         what mounts show

Only minicloud itself may pass through `shares/`; servers reach a share by a mount alone.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from minicloud.errors import MinicloudError
from minicloud.files import make_folder, read_json, write_json
from minicloud.settings import Settings

IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
READ_ONLY, READ_WRITE = "ro", "rw"
GIB = 1 << 30


@dataclass(frozen=True)
class Rule:
    """Who may mount: an address or a network, and how: `ro` or `rw`."""

    address: str
    level: str


@dataclass(frozen=True)
class Share:
    identifier: str
    export_path: str
    size_gb: int
    rules: tuple[Rule, ...]


def export_path(base: str, identifier: str) -> str:
    """The path of an export, in the form that Manila's own drivers give: the share's name below a folder of theirs."""
    return f"{base}/share-{identifier}"


def permitted(rules: Iterable[Rule], addresses: Iterable[str]) -> str | None:
    """How a client with these addresses may mount: `rw`, `ro`, or None for not at all.

    Of several rules for one address the narrowest counts, as with NFS exports; of several addresses the best.
    """
    levels = {_level(list(rules), ipaddress.ip_address(address)) for address in addresses}
    return next((level for level in (READ_WRITE, READ_ONLY) if level in levels), None)


def _level(rules: list[Rule], address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    networks = [(ipaddress.ip_network(rule.address, strict=False), rule.level) for rule in rules]
    fitting = [(network.prefixlen, level) for network, level in networks if address in network]
    # `rw` sorts after `ro`.
    return max(fitting)[1] if fitting else None


class Shares:
    """The shares of one home. `owner`: the uid that owns what is in them; None where all runs as one user."""

    def __init__(self, home: Path, owner: int | None) -> None:
        self.folder = home / "shares"
        self.owner = owner

    @classmethod
    def of(cls, settings: Settings) -> Shares:
        """As root what is in shares belongs to the uid below those that servers get: to none of them."""
        return cls(settings.home, settings.uid_base if os.geteuid() == 0 else None)

    def prepare(self) -> None:
        """Make the folder, and remove what a delete that was cut short left."""
        make_folder(self.folder, 0o700)
        for left in self.folder.glob(".removed-*"):
            shutil.rmtree(left, ignore_errors=True)

    def data(self, identifier: str) -> Path:
        return self._path(identifier) / "data"

    def _path(self, identifier: str) -> Path:
        if not IDENTIFIER.fullmatch(identifier):
            raise MinicloudError(f"{identifier!r} is no id of a share")
        return self.folder / identifier

    def create(self, identifier: str, path: str, size_gb: int) -> None:
        """Make a share, or what is missing of one; its rules stay as they are."""
        known = self.get(identifier)
        data = self.data(identifier)
        make_folder(data.parent, 0o700)
        if not data.exists():
            data.mkdir(mode=0o755)
        # Also where it is there: whoever made it may have been killed before he gave it away.
        if self.owner is not None:
            os.chown(data, self.owner, self.owner)
        self._put(Share(identifier, path, size_gb, known.rules if known else ()))

    def get(self, identifier: str) -> Share | None:
        record = read_json(self._path(identifier) / "share.json")
        if record is None:
            return None
        return Share(
            identifier, record["export_path"], record["size_gb"], tuple(Rule(**each) for each in record["rules"])
        )

    def find(self, path: str) -> Share | None:
        """The share that is exported as `path`."""
        identifier = path.rpartition("/share-")[2]
        share = self.get(identifier) if IDENTIFIER.fullmatch(identifier) else None
        return share if share is not None and share.export_path == path else None

    def set_rules(self, identifier: str, rules: Iterable[Rule]) -> None:
        share = self._existing(identifier)
        self._put(Share(identifier, share.export_path, share.size_gb, tuple(rules)))

    def resize(self, identifier: str, size_gb: int) -> None:
        share = self._existing(identifier)
        self._put(Share(identifier, share.export_path, size_gb, share.rules))

    def delete(self, identifier: str) -> None:
        """Remove a share and all that is in it. It is renamed first: it is there, or it is not."""
        folder = self._path(identifier)
        trash = folder.with_name(f".removed-{identifier}")
        if folder.exists():
            folder.rename(trash)
        if trash.exists():
            shutil.rmtree(trash)

    def used(self, identifier: str) -> int:
        """The bytes that the files of a share take."""
        return sum(
            Path(path, name).lstat().st_blocks * 512
            for path, _, names in os.walk(self.data(identifier))
            for name in names
        )

    def capacity_gb(self) -> tuple[float, float, int]:
        """The disk's size, what is free of it, and what the shares together were promised."""
        disk = shutil.disk_usage(self.folder)
        shares = [self.get(path.name) for path in self.folder.iterdir() if IDENTIFIER.fullmatch(path.name)]
        return disk.total / GIB, disk.free / GIB, sum(share.size_gb for share in shares if share)

    def _existing(self, identifier: str) -> Share:
        share = self.get(identifier)
        if share is None:
            raise MinicloudError(f"there is no share {identifier} below {self.folder}")
        return share

    def _put(self, share: Share) -> None:
        record = {name: value for name, value in asdict(share).items() if name != "identifier"}
        write_json(self._path(share.identifier) / "share.json", record)
