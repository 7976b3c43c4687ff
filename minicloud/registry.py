"""What should be: a record a file.

Heat's plug-in writes it, compute reads it. Every write is atomic, so either may be killed at any moment. A record that
is damaged all the same (by a disk, by hand) is the trouble of its own owner alone: lists leave it out.

    registry/<kind>/<id>.json       ports, networks, security groups, ...
    registry/addresses/<address>    the id of the port that holds the address
    servers/<id>/server.json        a server: what it should be
    servers/<id>/state.json         a server: what it is; written by compute alone
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minicloud.addresses import Block, BlockFile
from minicloud.errors import DamagedError, MinicloudError
from minicloud.files import make_folder, read_json, write_json
from minicloud.settings import Containers

# What is known of a server whose record is damaged.
UNKNOWN: dict[str, Any] = {
    "name": "(damaged)",
    "project": "",
    "stack": "",
    "resource": "",
    "flavor": {"name": "", "vcpus": 0, "memory_mb": 0},
    "ports": [],
}
IDENTIFIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,80}")


class Registry:
    """The records of one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.servers_folder = home / "servers"

    def prepare(self, *, containers: bool = False) -> None:
        """Make the folders; servers that are processes under other uids may pass through the servers' folder, not read
        it. Of containers nobody may: their root is this machine's, and could leave programs of root's there."""
        make_folder(self.home / "registry", 0o700)
        make_folder(self.servers_folder, 0o700 if containers else 0o711)

    def _path(self, kind: str, identifier: str) -> Path:
        if not IDENTIFIER.fullmatch(identifier):
            raise MinicloudError(f"{identifier!r} is no id of a record")
        return self.home / "registry" / kind / f"{identifier}.json"

    def put(self, kind: str, identifier: str, record: dict[str, Any]) -> None:
        path = self._path(kind, identifier)
        make_folder(path.parent, 0o700)
        write_json(path, record)

    def get(self, kind: str, identifier: str) -> dict[str, Any] | None:
        return read_json(self._path(kind, identifier))

    def delete(self, kind: str, identifier: str) -> None:
        self._path(kind, identifier).unlink(missing_ok=True)

    def records(self, kind: str) -> dict[str, dict[str, Any]]:
        """All whole records of a kind by their ids."""
        return _whole((path.stem, path) for path in (self.home / "registry" / kind).glob("[!.]*.json"))

    def find(self, kind: str, name_or_id: str) -> str | None:
        """The id of the record with that id or name."""
        records = self.records(kind)
        if name_or_id in records:
            return name_or_id
        return next((key for key, record in records.items() if record.get("name") == name_or_id), None)

    # Addresses

    def claim_address(self, block: Block, port: str, wanted: str | None = None) -> str:
        """Give the port an address of the block, the same one again when asked again.

        A link is atomic and never lacks the owner's id in it, whoever dies in between.

        Raises:
            MinicloudError: the wanted address is another port's or not the block's; the block is used up.
        """
        pool = make_folder(self.home / "registry" / "addresses", 0o700)
        held = next((path.name for path in pool.glob("[0-9]*") if _content(path) == port), None)
        if held is not None:
            return held
        if wanted is not None and wanted not in block.ports():
            raise MinicloudError(f"the address {wanted} is not one of {block.first_port} to {block.last_port}")
        with tempfile.NamedTemporaryFile(dir=pool, prefix=".claim-", mode="w") as claim:
            claim.write(port)
            claim.flush()
            for address in [wanted] if wanted is not None else block.ports():
                try:
                    os.link(claim.name, pool / address)
                except FileExistsError:
                    continue
                return address
        if wanted is not None:
            raise MinicloudError(f"the address {wanted} belongs to another port; leave fixed_ips out")
        raise MinicloudError(f"all addresses of {block} are in use; delete servers that are no longer needed")

    def release_addresses(self, port: str) -> None:
        for path in (self.home / "registry" / "addresses").glob("[0-9]*"):
            if _content(path) == port:
                path.unlink(missing_ok=True)

    def choose_block(self, containers: Containers | None = None) -> Block:
        """The home's block; one that another cloud holds is changed while none of its addresses is given out.

        Raises:
            MinicloudError: it is held and in use, or no block is free.
        """
        if containers is not None:
            return BlockFile(self.home).take(containers.prefix)
        return BlockFile(self.home).choose(in_use=any((self.home / "registry" / "addresses").glob("[0-9]*")))

    # Servers

    def server_folder(self, identifier: str) -> Path:
        if not IDENTIFIER.fullmatch(identifier):
            raise MinicloudError(f"{identifier!r} is no id of a server")
        return self.servers_folder / identifier

    def put_server(self, identifier: str, record: dict[str, Any]) -> None:
        folder = make_folder(self.server_folder(identifier), 0o711)
        write_json(folder / "server.json", record)

    def get_server(self, identifier: str) -> dict[str, Any] | None:
        return read_json(self.server_folder(identifier) / "server.json")

    def condemn(self, identifier: str) -> bool:
        """Say that a server is to go; False where there is none. That its record is damaged is no hindrance."""
        try:
            record = self.get_server(identifier)
        except DamagedError:
            record = UNKNOWN
        if record is not None:
            self.put_server(identifier, record | {"desired": "deleted"})
        return record is not None

    def server_state(self, identifier: str) -> dict[str, Any] | None:
        """What compute noted; DAMAGED with the reason where that cannot be read."""
        try:
            return read_json(self.server_folder(identifier) / "state.json")
        except DamagedError as error:
            return {"state": "DAMAGED", "pid": None, "started": None, "uid": None, "boot": "", "reason": str(error)}

    def put_server_state(self, identifier: str, state: dict[str, Any]) -> None:
        write_json(self.server_folder(identifier) / "state.json", state)

    def server_ids(self) -> list[str]:
        """Of all servers, also of those whose record is damaged."""
        return [path.parent.name for path in self.servers_folder.glob("[!.]*/server.json")]

    def list_servers(self) -> dict[str, dict[str, Any]]:
        """All whole records of servers by their ids."""
        return _whole((name, self.server_folder(name) / "server.json") for name in self.server_ids())

    def half_made_servers(self) -> list[Path]:
        """Folders of servers whose record was never written, or that were being removed."""
        try:
            entries = list(self.servers_folder.iterdir())
        except FileNotFoundError:
            return []
        return [
            entry
            for entry in entries
            if entry.is_dir() and (entry.name.startswith(".removed-") or not (entry / "server.json").exists())
        ]


def _whole(paths: Iterable[tuple[str, Path]]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, path in paths:
        with contextlib.suppress(DamagedError):
            record = read_json(path)
            if record is not None:
                found[name] = record
    return found


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def wake_compute(path: Path) -> None:
    """Tell compute that a server's record changed; where it does not listen it finds out by itself later."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with channel, contextlib.suppress(OSError):
        channel.sendto(b"changed", str(path))
