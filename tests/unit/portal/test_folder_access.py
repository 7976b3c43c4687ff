"""Which rules a share should have, and the way there."""

from __future__ import annotations

import uuid
from types import SimpleNamespace

import pytest

from portal.cloud.shares import Rule, export_paths
from portal.folders.access import Guest, Wanted, changes, wanted_rules

ONE, TWO = uuid.UUID(int=1), uuid.UUID("c1a2b3c4-0000-4000-8000-000000000000")


def rule(subject: str, level: str = "rw", state: str = "active", kind: str = "ip") -> Rule:
    return Rule(f"rule of {subject}", kind, subject, level, state, "")


def test_each_machine_of_each_guest_has_a_rule_of_its_own() -> None:
    guests = [Guest(ONE, "rw", frozenset({"10.0.0.1", "10.0.0.2"})), Guest(TWO, "ro", frozenset({"10.0.0.9"}))]
    assert wanted_rules("NFS", guests) == {
        Wanted("ip", "10.0.0.1", "rw"), Wanted("ip", "10.0.0.2", "rw"), Wanted("ip", "10.0.0.9", "ro")
    }  # fmt: skip


def test_a_folder_without_guests_lets_nobody_in() -> None:
    assert wanted_rules("NFS", []) == frozenset()
    assert wanted_rules("NFS", [Guest(ONE, "rw", frozenset())]) == frozenset()


def test_in_cephfs_a_guest_is_a_user_even_before_its_machines_have_addresses() -> None:
    assert wanted_rules("CEPHFS", [Guest(TWO, "ro", frozenset())]) == {Wanted("cephx", "slipway-c1a2b3c4", "ro")}


def test_what_is_missing_is_allowed_and_what_stands_is_left_alone() -> None:
    wanted = {Wanted("ip", "10.0.0.1", "rw"), Wanted("ip", "10.0.0.2", "rw")}
    assert changes(wanted, [rule("10.0.0.1")]) == ((Wanted("ip", "10.0.0.2", "rw"),), (), ("10.0.0.1",))
    assert changes(wanted, [rule("10.0.0.1", state="queued_to_apply")]).standing == ("10.0.0.1",)


def test_what_is_not_wanted_goes_whoever_made_it() -> None:
    strangers = [rule("10.0.0.0/24", "ro"), rule("alice", kind="user")]
    assert changes(frozenset(), strangers) == ((), tuple(strangers), ())


def test_another_level_is_taken_back_before_the_right_one_is_allowed() -> None:
    wanted = {Wanted("ip", "10.0.0.1", "ro")}
    before = rule("10.0.0.1", "rw")
    assert changes(wanted, [before]) == ((), (before,), ())
    going = rule("10.0.0.1", "rw", "denying")
    assert changes(wanted, [going]) == ((), (), ())
    assert changes(wanted, []).allow == (Wanted("ip", "10.0.0.1", "ro"),)


def test_a_rule_that_failed_is_made_anew() -> None:
    failed = rule("10.0.0.1", state="error")
    assert changes({Wanted("ip", "10.0.0.1", "rw")}, [failed]) == ((), (failed,), ())


def test_a_rule_on_its_way_out_is_not_sent_away_twice() -> None:
    assert changes(frozenset(), [rule("10.0.0.1", state="queued_to_deny")]) == ((), (), ())


CES = "ces.campus.example:/gpfs/fs1/manila/share-0b5a"
KNFS = "10.11.12.13:/gpfs0/share-fe21"


def record(path: str, **more: bool) -> SimpleNamespace:
    return SimpleNamespace(path=path, **more)


@pytest.mark.parametrize(
    ("said", "paths"),
    [
        (KNFS, [KNFS]),
        (CES, [CES]),
        ([CES, KNFS], [CES, KNFS]),
        ([record(KNFS, preferred=False), record(CES, preferred=True)], [CES, KNFS]),
        ([record("admin:/x", is_admin_only=True), record(KNFS)], [KNFS]),
        (["mon1:6789,mon2:6789:/volumes/_nogroup/0b5a"], ["mon1:6789,mon2:6789:/volumes/_nogroup/0b5a"]),
        ("", []),
        (None, []),
        ([], []),
    ],
)
def test_exports_are_read_in_every_form_that_manila_has_given_them(said: object, paths: list[str]) -> None:
    assert export_paths(said) == paths


def test_a_rules_key_is_shown_in_no_log() -> None:
    assert "SECRET" not in repr(Rule("r", "cephx", "slipway-1", "rw", "active", "SECRET"))
