"""Blocks of loopback addresses: whose, which, and what if they are taken."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from minicloud import addresses
from minicloud.addresses import HOLDER_PORT, Block, BlockFile, candidates, listen, parse
from minicloud.errors import MinicloudError


@pytest.fixture(autouse=True)
def own_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(addresses, "LOCK", tmp_path / "lock")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_it_derives_the_same_blocks_from_the_same_home() -> None:
    assert candidates("/a") == candidates("/a")
    assert candidates("/a") != candidates("/b")


def test_all_candidates_are_loopback_blocks_of_the_range_and_differ() -> None:
    for home in ("/a", "/b", "/var/lib/slipway/minicloud"):
        blocks = candidates(home)
        assert len(set(blocks)) == len(blocks) == addresses.PROBES
        for block in blocks:
            network = ipaddress.ip_network(str(block))
            assert network.is_loopback
            assert 64 <= network.network_address.packed[1] <= 127


def test_the_last_block_is_followed_by_the_first() -> None:
    assert addresses.block_number(0) == Block("127.64.0")
    assert addresses.block_number(addresses.BLOCKS - 1) == Block("127.127.255")


@pytest.mark.parametrize(
    "saved", [None, 3, "", "127.63.1", "127.128.1", "127.64.256", "10.64.1", "198.20.1", "198.18.256", "127.64.1.2"]
)
def test_it_refuses_a_saved_block_that_is_none(saved: object) -> None:
    with pytest.raises(MinicloudError, match="no block of addresses"):
        parse(saved)


def test_a_network_of_containers_is_a_block_in_which_this_machine_has_one_address(home: Path) -> None:
    taken = BlockFile(home).take("198.18.7")
    assert BlockFile(home).read() == taken == parse("198.18.7")
    assert (taken.gateway, taken.holder, taken.first_port) == ("198.18.7.2", "198.18.7.1", "198.18.7.10")
    assert Block("127.88.3").gateway == "127.88.3.2"


def test_it_keeps_the_block_that_it_chose(home: Path) -> None:
    chosen = BlockFile(home).choose(in_use=False)
    assert BlockFile(home).choose(in_use=False) == chosen == BlockFile(home).read()


def test_it_takes_the_next_block_when_the_first_is_held(home: Path) -> None:
    first, second, *_ = candidates(str(home))
    holder = listen(first.holder, HOLDER_PORT)
    assert holder is not None
    with holder:
        assert BlockFile(home).choose(in_use=False) == second


def test_it_changes_a_block_that_somebody_holds_only_while_no_address_is_in_use(home: Path) -> None:
    chosen = BlockFile(home).choose(in_use=False)
    holder = listen(chosen.holder, HOLDER_PORT)
    assert holder is not None
    with holder:
        with pytest.raises(MinicloudError, match="held by another cloud on this machine"):
            BlockFile(home).choose(in_use=True)
        with pytest.raises(MinicloudError, match="held by another cloud on this machine"):
            BlockFile(home).hold()
        assert BlockFile(home).choose(in_use=False) != chosen


def test_a_home_that_runs_keeps_its_own_block_when_prepared_again(home: Path) -> None:
    chosen = BlockFile(home).choose(in_use=False)
    block, held = BlockFile(home).hold()
    assert block == chosen
    assert BlockFile(home).choose(in_use=True) == chosen
    with pytest.raises(MinicloudError, match="another compute already runs"):
        BlockFile(home).hold()
    held.clear()
    _, again = BlockFile(home).hold()
    again.clear()


def test_it_holds_nothing_before_it_is_prepared(home: Path) -> None:
    with pytest.raises(MinicloudError, match="run `prepare` first"):
        BlockFile(home).hold()


def test_a_lock_that_somebody_keeps_is_an_error_that_names_the_file() -> None:
    refusal = pytest.raises(MinicloudError, match=f"keeps {addresses.LOCK} locked")
    with addresses.host_lock(), refusal, addresses.host_lock(seconds=0.2):
        pass


def test_the_lock_can_be_used_by_every_user_of_the_machine() -> None:
    with addresses.host_lock():
        assert addresses.LOCK.stat().st_mode & 0o444 == 0o444
    with addresses.host_lock():
        pass
