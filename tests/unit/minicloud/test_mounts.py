"""Who may mount what, what there is, and what is never removed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from minicloud import init, links, mount_program, mount_service, mounts, server, syscalls
from minicloud.errors import MinicloudError
from minicloud.mounts import Mount, Refused
from minicloud.shares import Rule, Share, Shares

ONE = "4b2f4c1e-0f7e-4a8f-9d5e-2a62a8a0b001"
EXPORT = f"127.88.3.4:/shares/share-{ONE}"


def share(*rules: tuple[str, str]) -> Share:
    return Share(ONE, f"/shares/share-{ONE}", 1, tuple(Rule(*rule) for rule in rules))


@pytest.mark.parametrize(
    ("level", "wish", "read_only"), [("rw", False, False), ("rw", True, True), ("ro", False, True)]
)
def test_a_mount_is_read_only_where_the_rule_or_the_wish_says_so(level: str, wish: bool, read_only: bool) -> None:
    assert mounts.decide(EXPORT, share(("127.88.3.10", level)), ["127.88.3.10"], wish) is read_only


@pytest.mark.parametrize("there", [None, share(), share(("127.88.3.11", "rw"))])
def test_a_stranger_is_refused_in_the_words_of_nfs_whether_there_is_such_a_share_or_not(there: Share | None) -> None:
    with pytest.raises(Refused, match=f"^access denied by server while mounting {EXPORT}$"):
        mounts.decide(EXPORT, there, ["127.88.3.10"], False)


@pytest.mark.parametrize(
    ("rules", "read_only", "what"),
    [
        ([("127.88.3.10", "rw")], False, None),
        ([("127.88.3.10", "rw")], True, None),
        ([("127.88.3.10", "ro")], True, None),
        ([("127.88.3.10", "ro")], False, "read-only"),
        ([], True, "detach"),
    ],
)
def test_a_mount_follows_the_rules_of_now(rules: list[tuple[str, str]], read_only: bool, what: str | None) -> None:
    mount = Mount(ONE, Path("/s/root/mnt"), read_only)
    assert mounts.outdated(mount, share(*rules), ["127.88.3.10"]) == what


def test_a_mount_of_a_share_that_was_deleted_is_taken_away() -> None:
    assert mounts.outdated(Mount(ONE, Path("/s/root/mnt"), True), None, ["127.88.3.10"]) == "detach"


def test_it_reads_the_kernels_list() -> None:
    text = (
        "28 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        f"63 28 254:0 /a\\040home/shares/{ONE}/data /a\\040home/s/root/mnt ro,nosuid,idmapped - ext4 /dev/vda rw\n"
        f"64 28 254:0 /shares/.removed-{ONE}/data//deleted /s/root/b rw,nosuid,nodev - ext4 /dev/vda rw\n"
    )
    assert mounts.parse(text) == [
        Mount(ONE, Path("/a home/s/root/mnt"), read_only=True),
        Mount(ONE, Path("/s/root/b"), read_only=False),
    ]
    assert mounts.below(text, Path("/a home/s")) == [Path("/a home/s/root/mnt")]


@pytest.mark.parametrize("name", ["a\fb", "a\rb", "a\x85b", "a\u2028b", "a\xa0b", "a\x1cb", "\udcff", "a\u3000b"])
def test_the_kernels_list_may_hold_any_name(name: str) -> None:
    text = (
        f"63 28 254:0 /shares/{ONE}/data /s/root/{name} ro,nosuid - ext4 /dev/vda rw\n"
        f"64 28 254:0 /shares/{ONE}/data /s/root/b rw,nosuid - ext4 /dev/vda rw\n"
    )
    assert mounts.parse(text) == [
        Mount(ONE, Path("/s/root", name), read_only=True),
        Mount(ONE, Path("/s/root/b"), read_only=False),
    ]
    assert mounts.below(text, Path("/s/root", name)) == [Path("/s/root", name)]


def test_a_servers_folder_in_which_something_is_mounted_is_never_removed(tmp_path: Path) -> None:
    precious, folder = tmp_path / "precious", tmp_path / "servers/one"
    (tmp_path / "shares").mkdir()
    (folder / "root/mnt").mkdir(parents=True)
    precious.mkdir()
    (precious / "file").write_text("x")

    def leak() -> None:
        """A bind mount where compute itself would see it; this process ends, and it with it."""
        init.own_mounts(str(tmp_path / "shares"))
        target = os.open(folder / "root/mnt", os.O_PATH)
        syscalls.attach(syscalls.open_tree(precious), target)
        assert (folder / "root/mnt/file").exists()
        server.remove(None, "one", folder)  # type: ignore[arg-type]  # it is not asked that far

    answer = mounts.in_child(leak)
    assert answer is not None
    assert answer == f"{folder}/root/mnt is a mount, which is not removed; `umount {folder}/root/mnt` first"
    assert (precious / "file").read_text() == "x"


def test_a_child_that_dies_has_not_done_its_work() -> None:
    assert mounts.in_child(lambda: os._exit(0)) == "it ended without an answer"

    def fail() -> None:
        raise MinicloudError("because")

    assert mounts.in_child(fail) == "because"
    assert mounts.in_child(lambda: None) is None


def fail_with(error: BaseException) -> None:
    raise error


def test_an_error_with_any_name_in_it_comes_back_from_the_child() -> None:
    long = mounts.in_child(lambda: fail_with(Refused("x" + "\u00e4" * 9000)))
    assert long is not None
    assert long.startswith("x\u00e4\u00e4")
    assert len(long) <= mounts.ANSWER_BYTES
    assert mounts.in_child(lambda: fail_with(Refused("/\udcff is busy"))) == "/\\udcff is busy"
    assert mounts.in_child(lambda: fail_with(KeyError("name"))) == "KeyError: 'name'"
    assert mounts.in_child(lambda: fail_with(SystemExit(3))) == "it ended without an answer"


@pytest.mark.parametrize(
    "packet", [b"", b"{}", b"[" * 8000, b'{"verb": "mount"}', b'{"verb": "close", "path": ""}', b"1"]
)
def test_what_is_no_request_is_refused(packet: bytes) -> None:
    with pytest.raises(Refused):
        mount_service.understood(packet)


def test_it_understands_what_the_mount_program_sends() -> None:
    for request in (mount_program.mount_request([EXPORT, "/mnt"]), mount_program.umount_request(["/mnt"])):
        assert mount_service.understood(json.dumps(request).encode()) == request


@pytest.mark.parametrize(
    ("words", "read_only"),
    [
        (["-t", "nfs", EXPORT, "/mnt"], False),
        ([EXPORT, "/mnt", "-o", "ro"], True),
        (["-r", EXPORT, "/mnt"], True),
        (["-o", "ro,vers=4.2", "-o", "rw", EXPORT, "/mnt"], False),
        (["-t", "nfs4", "-o", "hard,ro", EXPORT, "/mnt"], True),
    ],
)
def test_the_mount_program_reads_its_words_as_mount_does(words: list[str], read_only: bool) -> None:
    wanted = {"verb": "mount", "export": EXPORT, "path": "/mnt", "read_only": read_only}
    assert mount_program.mount_request(words) == wanted


@pytest.mark.parametrize(
    "words", [[], ["-a"], ["--bind", "/a", "/b"], ["-t", "tmpfs", "x:/", "/b"], ["/dev/sda", "/b"]]
)
def test_what_is_no_nfs_is_the_machines_mount(words: list[str]) -> None:
    assert mount_program.mount_request(words) is None


@pytest.mark.parametrize(
    ("path", "relative"),
    [("/mnt/a", "mnt/a"), ("/home/root/mnt/a/", "mnt/a"), ("/mnt/../../b", "b"), ("/", "."), ("/home/root", ".")],
)
def test_a_path_is_the_servers_with_its_root_folder_before_it_or_without(path: str, relative: str) -> None:
    assert mount_program.below("/home/root", path) == relative


# Where a machine allows no mounts


def test_it_says_why_servers_can_have_no_mounts_of_their_own(tmp_path: Path) -> None:
    def look() -> None:
        """In a user namespace in which there may be no other: this child's alone."""
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
        assert syscalls.LIBC.unshare(init.CLONE_NEWUSER) == 0
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        raise MinicloudError(str(mounts.hindrance(Shares(tmp_path, None))))

    expected = "user namespaces are switched off or used up (sysctl user.max_user_namespaces)"
    assert mounts.in_child(look) == expected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "server"
    (made / "root/mnt").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    return made


def test_a_link_stands_for_a_mount_and_gives_the_folder_back(folder: Path) -> None:
    data = folder.parent / "data"
    links.put(folder, "mnt", ONE, data)
    (folder / "root/mnt/file").write_text("x")
    assert links.of_server(folder) == [Mount(ONE, folder / "root/mnt", read_only=False)]
    with pytest.raises(Refused, match="busy"):
        links.put(folder, "mnt", ONE, data)
    links.take(folder, "mnt")
    assert links.of_server(folder) == []
    assert list((folder / "root/mnt").iterdir()) == []
    assert (data / "file").read_text() == "x"
    with pytest.raises(Refused, match="not mounted"):
        links.take(folder, "mnt")


def test_a_link_covers_nothing_and_stays_in_the_server(folder: Path) -> None:
    data = folder.parent / "data"
    (folder / "root/full").mkdir()
    (folder / "root/full/file").touch()
    (folder / "root/out").symlink_to(folder.parent)
    for path, why in (("full", "not empty"), ("no", "does not exist"), ("out/data", "leads out")):
        with pytest.raises(Refused, match=why):
            links.put(folder, path, ONE, data)
    assert data.is_dir()
