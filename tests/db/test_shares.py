"""What the portal says to Manilas of several ages, and what it makes of their answers."""

from __future__ import annotations

from typing import Any

import pytest

from portal.cloud import connection, shares
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from tests.db.conftest import forget_sessions
from tests.db.manila_answers import Recorded

SHARE = {
    "id": "s1", "name": "slipway-folder-x", "status": "available", "size": 2, "created_at": "2026-11-21T12:00:00",
    "export_location": "10.11.12.13:/gpfs0/share-fe21", "export_locations": "10.11.12.13:/gpfs0/share-fe21",
}  # fmt: skip
RULE = {"id": "r1", "access_type": "ip", "access_to": "10.0.0.1", "access_level": "ro", "state": "active"}


@pytest.mark.parametrize(
    ("manila", "spoken"), [("2.78", "2.65"), ("2.42", "2.42"), ("2.8", "2.8")], indirect=["manila"]
)
def test_the_newest_microversion_is_spoken_that_both_know(manila: Recorded, spoken: str) -> None:
    manila.answers["GET /v2/shares/detail"] = (
        200,
        {"shares": [SHARE, {**SHARE, "id": "s2", "name": "somebody else's"}]},
    )
    assert [share.id for share in shares.list_shares("p1")] == ["s1"]
    assert spoken in manila.versions


@pytest.mark.parametrize("manila", ["2.8"], indirect=True)
def test_an_old_manila_gives_exports_as_one_text(manila: Recorded) -> None:
    manila.answers["GET /v2/shares/s1"] = (200, {"share": SHARE})
    assert shares.exports("p1", "s1") == ["10.11.12.13:/gpfs0/share-fe21"]


def test_a_newer_one_gives_them_as_records(manila: Recorded) -> None:
    records = [
        {"id": "1", "path": "10.0.0.5:/gpfs/fs1/share-1", "preferred": False},
        {"id": "2", "path": "ces.example:/gpfs/fs1/share-1", "preferred": True},
    ]
    manila.answers["GET /v2/shares/s1/export_locations"] = (200, {"export_locations": records})
    assert shares.exports("p1", "s1") == ["ces.example:/gpfs/fs1/share-1", "10.0.0.5:/gpfs/fs1/share-1"]


@pytest.mark.parametrize(
    ("manila", "call"),
    [("2.65", "GET /v2/share-access-rules"), ("2.42", "POST /v2/shares/s1/action")],
    indirect=["manila"],
)
def test_rules_are_listed_by_old_and_new_words(manila: Recorded, call: str) -> None:
    manila.answers[call] = (200, {"access_list": [RULE]})
    assert shares.rules("p1", "s1") == [shares.Rule("r1", "ip", "10.0.0.1", "ro", "active", "")]


def test_a_cephx_users_key_comes_with_its_rule(manila: Recorded) -> None:
    rule = {**RULE, "access_type": "cephx", "access_to": "slipway-c1a2b3c4", "access_key": "AQBx=="}
    manila.answers["GET /v2/share-access-rules"] = (200, {"access_list": [rule]})
    assert [rule.key for rule in shares.rules("p1", "s1")] == ["AQBx=="]


def test_a_rule_that_is_there_already_is_well_and_another_no_is_told(manila: Recorded) -> None:
    exists = "Share access ip:10.0.0.1 exists."
    manila.answers["POST /v2/shares/s1/action"] = (400, {"badRequest": {"code": 400, "message": exists}})
    shares.allow("p1", "s1", "ip", "10.0.0.1", "rw")
    manila.answers["POST /v2/shares/s1/action"] = (400, {"badRequest": {"code": 400, "message": "Invalid share."}})
    with pytest.raises(CloudRefused, match="Invalid share"):
        shares.allow("p1", "s1", "ip", "10.0.0.1", "rw")


def test_what_is_gone_already_is_well_deleted(manila: Recorded) -> None:
    shares.delete("p1", "s1")
    shares.deny("p1", "s1", "r1")
    assert shares.rules("p1", "s1") == []


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (413, {"overLimit": {"code": 413, "message": "exceeds allowed gigabytes quota"}}, CloudRefused),
        (409, {"conflictingRequest": {"code": 409, "message": "busy"}}, CloudRefused),
        (404, {"itemNotFound": {"code": 404, "message": "no such type"}}, CloudRefused),
        (500, {"computeFault": {"code": 500, "message": "oh"}}, CloudUnavailable),
        (503, "<h1>No server is available</h1>", CloudUnavailable),
        (401, "Unauthorized", CloudUnavailable),
    ],
)
def test_manilas_no_is_told_apart_from_its_silence(
    manila: Recorded, status: int, body: Any, kind: type[Exception]
) -> None:
    manila.answers["POST /v2/shares"] = (status, body)
    with pytest.raises(kind):
        shares.create("p1", "slipway-folder-x", 1, "nfs", "NFS")


def test_a_cloud_without_manila_is_told_as_such(manila: Recorded, settings: Any) -> None:
    settings.CLOUD = connection.read(
        {"OS_AUTH_URL": f"{manila.url}/v3", "OS_USERNAME": "slipway", "OS_PASSWORD": "p", "OS_REGION_NAME": "Elsewhere"}
    )
    forget_sessions()
    with pytest.raises(CloudRefused, match="no shared file systems"):
        shares.list_shares("p1")


def test_a_list_is_read_to_its_end(manila: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "MOST_PAGES", 4)
    page = [{**SHARE, "id": f"s{number}"} for number in range(shares.PAGE)]
    manila.answers["GET /v2/shares/detail"] = (200, {"shares": page})
    with pytest.raises(CloudRefused, match="more than"):  # it never ends here, but the asking does
        shares.list_shares("p1")
    lists = [call for call, _ in manila.calls if call == "GET /v2/shares/detail"]
    assert len(lists) == shares.MOST_PAGES
