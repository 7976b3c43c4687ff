"""Shares of a real Manila on the embedded cloud: made, resized, deleted, by its client and by Heat."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manilaclient import client, exceptions

from launcher.testing import Embedded
from tests.e2e import faults
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

    def allow(self, share: Any, address: str, level: str) -> str:
        """Let an address mount the share, wait until the rule holds, and name it."""
        rule = str(self.manila.shares.allow(share, "ip", address, level)["id"])
        until("the rule", lambda: self.rules(share).get(rule) == "active", 20)
        return rule

    def deny_all(self, share: Any) -> None:
        for rule in self.rules(share):
            # One that a test denied may go just now.
            with contextlib.suppress(exceptions.NotFound):
                self.manila.shares.deny(share, rule)
        until("the end of all rules", lambda: not self.rules(share), 20)

    def rules(self, share: Any) -> dict[str, str]:
        return {rule.id: rule.state for rule in self.manila.share_access_rules.access_list(share)}

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


def test_shares_in_whose_create_manila_was_killed_are_finished(shares: Shares) -> None:
    made = [shares.manila.shares.create("NFS", 1) for _ in range(4)]
    faults.kill(shares.house, "manila")
    until("Manila", lambda: shares.house.status()["services"]["manila"]["state"] == "running")
    # Where Manila had not yet chosen who makes it, nobody knows what was asked for.
    assert {shares.settled(share).status for share in made} <= {"available", "error"}
    for share in made:
        shares.delete(share)


# Mounts

HELPER = """
import json, os, subprocess, sys, time
# Carries out what is put beside it, a file a command, as a node's programs would; ends with its server.
top = os.path.join(os.environ["SLIPWAY_NODE_ROOT"], "work")
os.makedirs(os.path.join(top, "../mnt/a"))
os.chdir(top)
while True:
    for name in sorted(each for each in os.listdir(".") if each.endswith(".command")):
        done = subprocess.run(open(name).read(), shell=True, capture_output=True, text=True)
        with open("answer.new", "w") as file:
            json.dump([done.returncode, done.stdout, done.stderr], file)
        os.rename("answer.new", name.replace(".command", ".answer"))
        os.remove(name)
    time.sleep(0.05)
"""


class Server:
    """A server whose only program does what a test tells it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        record = json.loads((folder / "server.json").read_text())
        self.address = str(record["ports"][0]["address"])
        self.root = folder / "root"
        self.count = 0
        until("the server's program", lambda: (self.root / "mnt/a").is_dir())

    def run(self, command: str) -> tuple[int, str]:
        """Its exit status and all that it printed."""
        self.count += 1
        question = self.root / "work" / f"{self.count:04}.new"
        question.write_text(command)
        question.rename(question.with_suffix(".command"))
        answer = question.with_suffix(".answer")
        until(command, answer.exists, 30)
        code, out, error = json.loads(answer.read_text())
        return code, out + error

    def mount(self, export: str, options: str = "") -> tuple[int, str]:
        return self.run(f"mount -t nfs {options} {export} /mnt/a")


def two_servers() -> dict[str, Any]:
    user_data = "#cloud-config\n" + json.dumps(
        {
            "write_files": [{"path": "/work/helper.py", "content": HELPER}],
            "runcmd": [["python3", "work/helper.py"]],
        }
    )
    properties = {"flavor": "small", "image": "slipway-spark", "user_data_format": "RAW", "user_data": user_data}
    return {
        "heat_template_version": "2021-04-16",
        "resources": {
            name: {"type": "OS::Nova::Server", "properties": properties | {"name": name}} for name in ("one", "two")
        },
    }


@pytest.fixture(scope="module")
def servers(shares: Shares) -> Iterator[tuple[Server, Server]]:
    stacks = heat(shares.house, "demo").stacks
    stack = stacks.create(stack_name="guests", template=two_servers(), timeout_mins=3)["stack"]["id"]

    def settled() -> Any:
        found = stacks.get(stack)
        return None if found.stack_status.endswith("IN_PROGRESS") else found

    done = until("the servers", settled)
    assert done.stack_status == "CREATE_COMPLETE", done.stack_status_reason
    folders = sorted((shares.house.home / "minicloud/servers").glob("*-*"), key=name_of)
    yield Server(folders[0]), Server(folders[1])
    stacks.delete(stack)
    assert until("the servers' end", settled).stack_status == "DELETE_COMPLETE"


def name_of(folder: Path) -> str:
    return str(json.loads((folder / "server.json").read_text())["name"])


@pytest.fixture(scope="module")
def share(shares: Shares) -> Any:
    return shares.make()


@pytest.fixture(autouse=True)
def unmounted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins without rules and without mounts."""
    yield
    if "servers" in request.fixturenames and "share" in request.fixturenames:
        request.getfixturevalue("shares").deny_all(request.getfixturevalue("share"))
        for server in request.getfixturevalue("servers"):
            server.run("cd /; umount -l /mnt/a")


def test_a_server_without_a_rule_is_refused(shares: Shares, share: Any, servers: tuple[Server, Server]) -> None:
    one, two = servers
    shares.allow(share, two.address, "rw")
    export = shares.export(share)
    assert one.mount(export) == (32, f"mount.nfs: access denied by server while mounting {export}\n")
    assert one.mount(export[:-4] + "0000")[1].startswith("mount.nfs: access denied by server while mounting")
    assert "exports nothing here" in one.mount("127.0.0.1:/shares/x")[1]


def test_two_servers_work_on_the_same_files(shares: Shares, share: Any, servers: tuple[Server, Server]) -> None:
    one, two = servers
    export = shares.export(share)
    for server in servers:
        shares.allow(share, server.address, "rw")
        assert server.mount(export) == (0, "")
    written = "umask 077; mkdir ../mnt/a/d && echo one > ../mnt/a/d/f && chmod 600 ../mnt/a/d/f && touch ../mnt/a/g"
    assert one.run(written) == (0, "")
    assert two.run("cat ../mnt/a/d/f; echo two >> ../mnt/a/d/f; rm ../mnt/a/g") == (0, "one\n")
    assert one.run("cat ../mnt/a/d/f; ls ../mnt/a; rm -r ../mnt/a/d") == (0, "one\ntwo\nd\n")
    assert "busy or already mounted" in one.mount(export)[1]


def test_a_read_only_mount_is_read_only_whether_the_rule_or_the_server_says_so(
    shares: Shares, share: Any, servers: tuple[Server, Server]
) -> None:
    one, two = servers
    export = shares.export(share)
    shares.allow(share, one.address, "ro")
    shares.allow(share, two.address, "rw")
    assert one.mount(export, "-o rw,vers=4.2") == (0, "")
    assert two.mount(export, "-o ro") == (0, "")
    for server in servers:
        code, said = server.run("echo no > ../mnt/a/no")
        assert code != 0
        assert "Read-only file system" in said
        # Nor does the server get round it.
        said = server.run('/usr/bin/mount -o remount,bind,rw "$SLIPWAY_NODE_ROOT/mnt/a"')[1]
        assert "must be superuser" in said
    assert not (shares.data(share) / "no").exists()


def test_a_mount_goes_when_its_rule_goes_and_becomes_read_only_with_it(
    shares: Shares, share: Any, servers: tuple[Server, Server]
) -> None:
    one, _ = servers
    shares.allow(share, one.address, "rw")
    assert one.mount(shares.export(share)) == (0, "")
    assert one.run("touch ../mnt/a/mine")[0] == 0
    shares.deny_all(share)
    until("the mount's end", lambda: one.run("test -e ../mnt/a/mine")[0] != 0, 5)
    assert (shares.data(share) / "mine").exists()
    shares.allow(share, one.address.rpartition(".")[0] + ".0/24", "ro")
    own = shares.allow(share, one.address, "rw")
    assert one.mount(shares.export(share)) == (0, "")
    shares.manila.shares.deny(share, own)
    until("a read-only mount", lambda: "Read-only" in one.run("touch ../mnt/a/mine")[1], 5)


def test_a_share_is_unmounted_when_nobody_uses_it(shares: Shares, share: Any, servers: tuple[Server, Server]) -> None:
    one, _ = servers
    shares.allow(share, one.address, "rw")
    assert one.mount(shares.export(share)) == (0, "")
    assert one.run("cd ../mnt/a; umount /mnt/a") == (32, "umount.nfs: /mnt/a: device is busy\n")
    assert one.run("umount /mnt/a; ls -A ../mnt/a") == (0, "")
    assert one.run("umount /mnt/a") == (32, "umount.nfs: /mnt/a: not mounted\n")


def test_a_server_mounts_only_below_its_own_root_folder(
    shares: Shares, share: Any, servers: tuple[Server, Server]
) -> None:
    one, _ = servers
    shares.allow(share, one.address, "rw")
    export = shares.export(share)
    assert "does not exist" in one.run(f"mount {export} /nowhere")[1]
    assert "leads out of the server" in one.run(f"ln -sfn /etc ../out; mount {export} /out")[1]
    assert "cannot be mounted on" in one.run(f"mount {export} /")[1]


def test_nobody_reaches_a_share_by_its_path(shares: Shares, share: Any, servers: tuple[Server, Server]) -> None:
    (shares.data(share) / "secret").write_text("x")
    for way in (shares.folder, shares.folder / "all", shares.data(share)):
        assert servers[0].run(f"ls '{way}'")[0] != 0
    assert servers[0].run(f"cat '{shares.data(share)}/secret'")[0] != 0


def test_a_mount_is_nobody_elses_and_a_deleted_server_takes_nothing_of_the_share_with_it(
    shares: Shares, share: Any, servers: tuple[Server, Server]
) -> None:
    stacks = heat(shares.house, "demo").stacks
    template = two_servers()
    del template["resources"]["two"]
    known = {each.folder for each in servers}
    stack = stacks.create(stack_name="short", template=template, timeout_mins=3)["stack"]["id"]
    settled = lambda: None if (found := stacks.get(stack)).stack_status.endswith("IN_PROGRESS") else found  # noqa: E731
    assert until("the server", settled).stack_status == "CREATE_COMPLETE"
    folder = (set((shares.house.home / "minicloud/servers").glob("*-*")) - known).pop()
    server = Server(folder)
    shares.allow(share, server.address, "rw")
    assert server.mount(shares.export(share)) == (0, "")
    assert server.run("mkdir ../mnt/a/kept && echo x > ../mnt/a/kept/file")[0] == 0
    assert not list((folder / "root/mnt/a").iterdir())
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()
    stacks.delete(stack)
    assert until("the server's end", settled).stack_status == "DELETE_COMPLETE"
    assert not folder.exists()
    assert (shares.data(share) / "kept/file").read_text() == "x\n"


def test_mounts_outlive_compute_and_are_still_corrected(
    shares: Shares, share: Any, servers: tuple[Server, Server]
) -> None:
    one, _ = servers
    shares.allow(share, one.address, "rw")
    assert one.mount(shares.export(share)) == (0, "")
    faults.kill(shares.house, "compute")
    assert one.run("touch ../mnt/a/mine; umount /mnt/a") == (0, "")
    assert one.mount(shares.export(share)) == (0, "")
    shares.deny_all(share)
    until("the mount's end", lambda: one.run("ls -A ../mnt/a") == (0, ""), 25)
