"""Records: whole or not there; an address is one port's."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minicloud import addresses
from minicloud.addresses import Block
from minicloud.errors import DamagedError, MinicloudError
from minicloud.registry import Registry, wake_compute

BLOCK = Block("127.88.3")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    found = Registry(tmp_path)
    found.prepare()
    return found


def test_it_keeps_a_record_until_it_is_deleted(registry: Registry) -> None:
    registry.put("ports", "a-1", {"name": "first"})
    assert registry.get("ports", "a-1") == {"name": "first"}
    assert registry.find("ports", "first") == registry.find("ports", "a-1") == "a-1"
    assert registry.find("ports", "second") is None
    registry.delete("ports", "a-1")
    registry.delete("ports", "a-1")
    assert registry.get("ports", "a-1") is None
    assert registry.records("ports") == {}


@pytest.mark.parametrize("identifier", ["", "../x", "a/b", ".hidden", "a" * 100])
def test_it_takes_no_path_for_an_id(registry: Registry, identifier: str) -> None:
    with pytest.raises(MinicloudError, match="is no id"):
        registry.put("ports", identifier, {})
    with pytest.raises(MinicloudError, match="is no id"):
        registry.server_folder(identifier)


def test_a_write_that_fails_leaves_the_record_as_it_was(registry: Registry, tmp_path: Path) -> None:
    registry.put("ports", "a", {"name": "first"})
    with pytest.raises(TypeError):
        registry.put("ports", "a", {"name": object()})
    assert registry.get("ports", "a") == {"name": "first"}
    assert [path.name for path in (tmp_path / "registry/ports").iterdir()] == ["a.json"]


def test_ports_get_addresses_from_ten_upwards_and_keep_them(registry: Registry) -> None:
    assert registry.claim_address(BLOCK, "a") == "127.88.3.10"
    assert registry.claim_address(BLOCK, "b") == "127.88.3.11"
    assert registry.claim_address(BLOCK, "a") == "127.88.3.10"
    registry.release_addresses("a")
    assert registry.claim_address(BLOCK, "c") == "127.88.3.10"


def test_many_threads_never_get_the_same_address(registry: Registry) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: registry.claim_address(BLOCK, f"port-{number}"), range(100)))
    assert len(set(found)) == 100


def test_it_gives_a_wanted_address_once(registry: Registry) -> None:
    assert registry.claim_address(BLOCK, "a", "127.88.3.77") == "127.88.3.77"
    with pytest.raises(MinicloudError, match=r"127\.88\.3\.77 belongs to another port"):
        registry.claim_address(BLOCK, "b", "127.88.3.77")
    with pytest.raises(MinicloudError, match=r"not one of 127\.88\.3\.10 to 127\.88\.3\.254"):
        registry.claim_address(BLOCK, "c", "127.88.3.2")


def test_a_block_that_is_used_up_is_said_so(registry: Registry) -> None:
    for number in range(245):
        registry.claim_address(BLOCK, f"port-{number}")
    with pytest.raises(MinicloudError, match=r"all addresses of 127\.88\.3\.0/24 are in use"):
        registry.claim_address(BLOCK, "one-more")


def test_a_server_without_its_record_is_half_made(registry: Registry) -> None:
    registry.put_server("a", {"name": "x"})
    (registry.servers_folder / "b").mkdir()
    assert list(registry.list_servers()) == ["a"]
    assert registry.half_made_servers() == [registry.servers_folder / "b"]


def test_it_wakes_compute_and_does_not_mind_that_it_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "compute.sock"
    wake_compute(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(path))
        wake_compute(path)
        channel.settimeout(5)
        assert channel.recv(100)


def test_a_damaged_record_is_the_trouble_of_its_own_server_alone(registry: Registry) -> None:
    for name in ("whole", "damaged"):
        registry.put_server(name, {"name": name, "desired": "running"})
        registry.put_server_state(name, {"state": "ACTIVE"})
    for file in ("server.json", "state.json"):
        (registry.server_folder("damaged") / file).write_text('{"name":')
    assert list(registry.list_servers()) == ["whole"]
    assert sorted(registry.server_ids()) == ["damaged", "whole"]
    with pytest.raises(DamagedError, match=r"damaged/server\.json is damaged"):
        registry.get_server("damaged")
    state = registry.server_state("damaged") or {}
    assert state["state"] == "DAMAGED"
    assert "state.json is damaged" in state["reason"]


def test_a_server_can_be_told_to_go_whatever_its_record_says(registry: Registry) -> None:
    registry.put_server("a", {"name": "a", "desired": "running"})
    assert registry.condemn("a")
    assert registry.get_server("a") == {"name": "a", "desired": "deleted"}
    (registry.server_folder("a") / "server.json").write_text("")
    assert registry.condemn("a")
    assert (registry.get_server("a") or {})["desired"] == "deleted"
    assert not registry.condemn("b")


def test_it_changes_a_block_that_is_taken_while_no_address_of_it_is_given_out(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "LOCK", tmp_path / "lock")
    first = registry.choose_block()
    holder = addresses.listen(first.holder, addresses.HOLDER_PORT)
    assert holder is not None
    with holder:
        second = registry.choose_block()
        assert second != first
    registry.claim_address(second, "a")
    holder = addresses.listen(second.holder, addresses.HOLDER_PORT)
    assert holder is not None
    with holder, pytest.raises(MinicloudError, match="held by another cloud"):
        registry.choose_block()
