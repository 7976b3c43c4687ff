"""The storage back end: folders, rules, export paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minicloud import catalogue
from minicloud.errors import MinicloudError
from minicloud.shares import Rule, Shares, export_path, permitted

ONE = "4b2f4c1e-0f7e-4a8f-9d5e-2a62a8a0b001"
OTHER = "4b2f4c1e-0f7e-4a8f-9d5e-2a62a8a0b002"


@pytest.fixture
def shares(tmp_path: Path) -> Shares:
    made = Shares(tmp_path, None)
    made.prepare()
    return made


@pytest.mark.parametrize(
    ("rules", "addresses", "level"),
    [
        ([], ["127.88.3.10"], None),
        ([("127.88.3.11", "rw")], ["127.88.3.10"], None),
        ([("127.88.3.10", "rw")], ["127.88.3.10"], "rw"),
        ([("127.88.3.10", "ro")], ["127.88.3.10"], "ro"),
        ([("127.88.3.0/24", "ro")], ["127.88.3.10"], "ro"),
        ([("127.88.3.0/24", "ro"), ("127.88.3.10", "rw")], ["127.88.3.10"], "rw"),
        ([("127.88.3.0/24", "rw"), ("127.88.3.10", "ro")], ["127.88.3.10"], "ro"),
        ([("127.88.3.10", "ro"), ("127.88.3.11", "rw")], ["127.88.3.10", "127.88.3.11"], "rw"),
        ([("::1", "rw")], ["127.88.3.10"], None),
        ([("0.0.0.0/0", "rw")], [], None),
    ],
)
def test_the_narrowest_rule_for_an_address_counts(
    rules: list[tuple[str, str]], addresses: list[str], level: str | None
) -> None:
    assert permitted([Rule(*rule) for rule in rules], addresses) == level


def test_export_paths_have_the_forms_of_manilas_own_drivers() -> None:
    assert export_path(catalogue.SHARE_TYPES["nfs"].base, ONE) == f"/shares/share-{ONE}"
    assert export_path(catalogue.SHARE_TYPES["gpfs"].base, ONE) == f"/gpfs/slipway/share-{ONE}"
    assert next(iter(catalogue.SHARE_TYPES)) == "nfs"


def test_a_share_is_found_by_its_whole_export_path_alone(shares: Shares) -> None:
    shares.create(ONE, export_path("/shares", ONE), 1)
    found = shares.find(f"/shares/share-{ONE}")
    assert found is not None
    assert found.identifier == ONE
    for path in (f"/gpfs/slipway/share-{ONE}", f"/shares/share-{OTHER}", "/shares/share-../../etc", ""):
        assert shares.find(path) is None


def test_it_keeps_rules_and_content_when_it_is_made_again(shares: Shares) -> None:
    shares.create(ONE, "/shares/x", 1)
    shares.set_rules(ONE, [Rule("127.88.3.10", "ro")])
    (shares.data(ONE) / "file").write_text("x")
    shares.create(ONE, "/shares/x", 2)
    share = shares.get(ONE)
    assert share is not None
    assert (share.size_gb, share.rules) == (2, (Rule("127.88.3.10", "ro"),))
    assert (shares.data(ONE) / "file").read_text() == "x"


def test_a_share_whose_making_was_cut_short_gets_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Path, int, int]] = []
    monkeypatch.setattr(os, "chown", lambda *arguments: given.append(arguments))
    shares = Shares(tmp_path, 61000)
    shares.data(ONE).mkdir(parents=True)
    shares.create(ONE, "/shares/x", 1)
    assert given == [(shares.data(ONE), 61000, 61000)]


def test_only_its_own_user_may_pass_through_the_folder_of_shares(shares: Shares) -> None:
    shares.create(ONE, "/shares/x", 1)
    assert shares.folder.stat().st_mode & 0o777 == 0o700
    assert (shares.folder / ONE / "share.json").stat().st_mode & 0o777 == 0o600


def test_a_delete_removes_what_a_link_is_in_and_not_what_it_points_to(shares: Shares, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    shares.create(ONE, "/shares/x", 1)
    (shares.data(ONE) / "link").symlink_to(precious)
    shares.delete(ONE)
    shares.delete(ONE)
    assert list(shares.folder.iterdir()) == []
    assert (precious / "file").exists()


def test_a_delete_that_was_cut_short_is_finished_at_the_next_start(shares: Shares) -> None:
    (shares.folder / f".removed-{ONE}/data").mkdir(parents=True)
    shares.prepare()
    assert list(shares.folder.iterdir()) == []


def test_it_counts_what_is_used_and_what_was_promised(shares: Shares) -> None:
    shares.create(ONE, "/shares/x", 3)
    shares.create(OTHER, "/shares/y", 4)
    (shares.data(ONE) / "folder").mkdir()
    (shares.data(ONE) / "folder/file").write_bytes(b"x" * 10_000)
    assert 10_000 <= shares.used(ONE) < 30_000
    assert shares.used(OTHER) == 0
    total, free, promised = shares.capacity_gb()
    assert total > free > 0
    assert promised == 7


@pytest.mark.parametrize("name", ["", "..", "a/b", ONE.upper(), ONE + "/.."])
def test_it_takes_no_id_that_leads_elsewhere(shares: Shares, name: str) -> None:
    with pytest.raises(MinicloudError, match="no id of a share"):
        shares.create(name, "/shares/x", 1)


def test_it_says_that_there_is_no_such_share(shares: Shares) -> None:
    with pytest.raises(MinicloudError, match="there is no share"):
        shares.set_rules(ONE, [])
    assert shares.get(ONE) is None
