"""Which ports a home takes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher import ports
from launcher.problem import Problem

HOME = Path("/home/of/tests")
KEPT = {"keystone": 15100, "heat": 15101, "manila": 15102, "web": 8000}


def free_but(*taken: int) -> Callable[[int], bool]:
    return lambda port: port not in taken


def test_it_chooses_8000_and_three_others_on_a_free_machine() -> None:
    chosen, notes = ports.choose({}, set(), None, HOME, free_but())
    assert chosen["web"] == 8000
    assert len(set(chosen.values())) == 4
    assert notes == []


def test_it_keeps_what_it_chose() -> None:
    assert ports.choose(KEPT, set(), None, HOME, free_but()) == (KEPT, [])


def test_it_keeps_ports_that_its_own_services_hold() -> None:
    assert ports.choose(KEPT, set(KEPT), None, HOME, free_but(*KEPT.values())) == (KEPT, [])


def test_it_takes_another_port_for_the_pages_and_says_so() -> None:
    chosen, notes = ports.choose({}, set(), None, HOME, free_but(8000))
    assert chosen["web"] != 8000
    assert "8000" in notes[0]


def test_it_says_that_running_clusters_lose_a_portal_that_moves() -> None:
    chosen, notes = ports.choose(KEPT, set(), None, HOME, free_but(8000))
    assert chosen["web"] != 8000
    assert "--port 8000" in " ".join(notes)


def test_it_replaces_a_port_of_the_cloud_that_another_program_took() -> None:
    chosen, notes = ports.choose(KEPT, set(), None, HOME, free_but(15100))
    assert chosen["keystone"] not in (15100, 15101, 15102)
    assert chosen["heat"] == 15101
    assert "keystone" in notes[0]


def test_it_refuses_a_wanted_port_that_is_taken() -> None:
    with pytest.raises(Problem, match="port 9000 is taken"):
        ports.choose(KEPT, set(), 9000, HOME, free_but(9000))


@pytest.mark.parametrize("wanted", [15100, 15101, 15102])
def test_it_refuses_a_wanted_port_that_the_cloud_has(wanted: int) -> None:
    with pytest.raises(Problem, match="is taken"):
        ports.choose(KEPT, set(), wanted, HOME, free_but())


def test_it_moves_the_pages_to_a_wanted_port_and_accepts_the_one_it_has() -> None:
    assert ports.choose(KEPT, {"web"}, 9000, HOME, free_but(8000))[0]["web"] == 9000
    assert ports.choose(KEPT, {"web"}, 8000, HOME, free_but(8000))[0]["web"] == 8000


def test_it_says_when_there_is_no_port_left() -> None:
    with pytest.raises(Problem, match="no free port"):
        ports.choose({}, set(), None, HOME, lambda _: False)


def test_it_sees_a_port_that_somebody_listens_on() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert not ports.is_free(listener.getsockname()[1])
        freed = listener.getsockname()[1]
    assert ports.is_free(freed)


def test_homes_that_come_up_at_the_same_moment_choose_different_ports() -> None:
    one, other = ports.Claims(), ports.Claims()
    first, _ = ports.choose({}, set(), None, HOME, one.take)
    second, _ = ports.choose({}, set(), None, HOME, other.take)
    assert set(first.values()).isdisjoint(second.values())


def test_a_claim_ends_with_who_made_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    one = ports.Claims()
    assert one.take(port)
    assert not ports.Claims().take(port)
    del one
    assert ports.Claims().take(port)


def test_it_claims_no_port_on_which_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.Claims().take(server.getsockname()[1])
