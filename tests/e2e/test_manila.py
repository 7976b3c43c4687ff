"""Shares of a real Manila on the embedded cloud: made, resized, deleted, by its client and by Heat."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manilaclient import client, exceptions

from launcher.testing import Embedded
from tests.e2e.minicloud_harness import until
from tests.e2e.remains import heat, log_in

VERSION = "2.65"


class Shares:
    """Manila as a course's project sees it, and the folders that are behind it."""

    def __init__(self, house: Embedded) -> None:
        self.house = house
        self.folder = house.home / "minicloud" / "shares"
        self.manila = client.Client(VERSION, session=log_in(house, "demo"), service_type="sharev2")

    def make(self, share_type: str | None = None) -> Any:
        share = self.manila.shares.create("NFS", 1, share_type=share_type)
        return self.settled(share)

    def settled(self, share: Any) -> Any:
        def look() -> Any:
            found = self.manila.shares.get(share.id)
            return found if found.status in ("available", "error") else None

        return until(f"share {share.id}", look, 30)

    def export(self, share: Any) -> str:
        return str(self.manila.share_export_locations.list(share)[0].path)

    def data(self, share: Any) -> Path:
        return self.folder / self.export(share).rpartition("/share-")[2] / "data"

    def delete(self, share: Any) -> None:
        self.manila.shares.delete(share)
        until(f"the end of share {share.id}", lambda: self.is_gone(share), 30)

    def is_gone(self, share: Any) -> bool:
        try:
            self.manila.shares.get(share.id)
        except exceptions.NotFound:
            return True
        return False


@pytest.fixture(scope="module")
def shares(house: Embedded) -> Iterator[Shares]:
    made = Shares(house)
    yield made
    for share in made.manila.shares.list():
        made.delete(share)
    assert not list(made.folder.iterdir())


def test_a_share_is_made_resized_and_deleted(shares: Shares) -> None:
    share = shares.make()
    assert (share.status, share.share_type_name) == ("available", "nfs")
    assert shares.export(share).split(":")[1].startswith("/shares/share-")
    (shares.data(share) / "hours.csv").write_text("a,b\n")
    shares.manila.shares.extend(share, 3)
    assert shares.settled(share).size == 3
    shares.manila.shares.shrink(share, 2)
    assert shares.settled(share).size == 2
    folder = shares.data(share)
    shares.delete(share)
    assert not folder.parent.exists()


def test_a_share_is_not_shrunk_below_what_is_in_it(shares: Shares) -> None:
    share = shares.make()
    shares.manila.shares.extend(share, 2)
    shares.settled(share)
    with open(shares.data(share) / "large", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, (1 << 30) + (1 << 20))
    shares.manila.shares.shrink(share, 1)
    assert (shares.settled(share).status, shares.settled(share).size) == ("available", 2)
    shares.delete(share)


def test_a_share_of_the_type_gpfs_is_exported_as_gpfs_does(shares: Shares) -> None:
    share = shares.make("gpfs")
    host, path = shares.export(share).split(":")
    assert host.startswith("127.")
    assert path == f"/gpfs/slipway/share-{shares.data(share).parent.name}"
    shares.delete(share)


def test_heat_makes_a_share_with_its_rules_and_leaves_nothing(shares: Shares) -> None:
    rules = [{"access_to": "127.64.0.10", "access_type": "ip", "access_level": "ro"}]
    properties = {"share_protocol": "NFS", "size": 1, "share_type": "gpfs", "access_rules": rules}
    template = {
        "heat_template_version": "2021-04-16",
        "resources": {"folder": {"type": "OS::Manila::Share", "properties": properties}},
        "outputs": {"exports": {"value": {"get_attr": ["folder", "export_locations"]}}},
    }
    stacks = heat(shares.house, "demo").stacks
    stack = stacks.create(stack_name="a-folder", template=template, timeout_mins=2)["stack"]["id"]

    def settled() -> Any:
        found = stacks.get(stack)
        return None if found.stack_status.endswith("IN_PROGRESS") else found

    done = until("the stack", settled)
    assert done.stack_status == "CREATE_COMPLETE", done.stack_status_reason
    exports = done.outputs[0]["output_value"]
    folder = shares.folder / exports[0].rpartition("/share-")[2]
    wanted = [{"address": "127.64.0.10", "level": "ro"}]
    until("the rule", lambda: json.loads((folder / "share.json").read_text())["rules"] == wanted)
    stacks.delete(stack)
    assert until("the stack's end", settled).stack_status == "DELETE_COMPLETE"
    assert not folder.exists()


def test_a_share_in_whose_create_manila_was_killed_is_finished(shares: Shares) -> None:
    pid = shares.house.status()["services"]["manila"]["pid"]
    share = shares.manila.shares.create("NFS", 1)
    os.kill(pid, signal.SIGKILL)
    until("Manila", lambda: shares.house.status()["services"]["manila"]["state"] == "running")
    assert shares.settled(share).status in ("available", "error")
    shares.delete(share)
