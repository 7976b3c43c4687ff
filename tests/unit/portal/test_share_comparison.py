"""What is found where shares, folders and the ledger do not say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from portal.audit.comparison import Finding
from portal.audit.share_comparison import FolderBelief, StorageCharge, compare
from portal.cloud.shares import PREFIX, Share

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ID = uuid4()
FOLDER = FolderBelief(ID, "Flights", "bob", "available", f"{PREFIX}{ID}", "s1", 5, NOW - timedelta(days=3), None)
SHARE = Share("s1", FOLDER.share_name, "available", 5, "2026-11-18T12:00:00")
CHARGE = StorageCharge(5, NOW - timedelta(days=3), NOW - timedelta(hours=1))
DELETED = replace(FOLDER, status="deleted", ended_at=NOW - timedelta(hours=3))
ENDED = replace(CHARGE, size_gb=None, charged_to=DELETED.ended_at)


def found(share: Share | None, folder: FolderBelief | None, charge: StorageCharge | None) -> set[Finding]:
    rows = compare([share] if share else [], [folder] if folder else [], {ID: charge} if charge else {}, NOW)
    return {finding for row in rows for finding in row.findings}


def test_what_agrees_is_found_to_be_well() -> None:
    (row,) = compare([SHARE], [FOLDER], {ID: CHARGE}, NOW)
    assert (row.share, row.folder, row.charge, row.findings) == (SHARE, FOLDER, CHARGE, {})


@pytest.mark.parametrize(
    ("share", "folder", "charge", "finding"),
    [
        (None, FOLDER, ENDED, "missing"),
        (None, FOLDER, CHARGE, "missing charged-but-gone"),
        (None, replace(FOLDER, status="creating", share_id=None), None, ""),
        (None, replace(FOLDER, status="failed"), ENDED, ""),
        (SHARE, None, None, "orphaned"),
        (replace(SHARE, status="deleting"), None, None, ""),
        (SHARE, DELETED, ENDED, "orphaned"),
        (replace(SHARE, status="deleting"), DELETED, ENDED, ""),
        (replace(SHARE, name="somebody's"), None, None, "stranger"),
        (replace(SHARE, size_gb=7), FOLDER, CHARGE, "differing"),
        (replace(SHARE, status="error"), FOLDER, CHARGE, "differing"),
        (replace(SHARE, id="s2"), FOLDER, CHARGE, "differing"),
        (replace(SHARE, status="extending"), replace(FOLDER, status="growing"), CHARGE, ""),
        (SHARE, FOLDER, replace(CHARGE, size_gb=3), "differing"),
        (SHARE, FOLDER, None, "running-but-not-charged"),
        (SHARE, FOLDER, ENDED, "running-but-not-charged"),
        (SHARE, FOLDER, replace(CHARGE, charged_to=NOW - timedelta(hours=3)), "running-but-not-charged"),
        (SHARE, replace(FOLDER, created_at=NOW - timedelta(minutes=1)), None, ""),
        (None, DELETED, ENDED, ""),
        (None, DELETED, CHARGE, "charged-but-gone"),
        (None, DELETED, replace(ENDED, charged_to=NOW), "charged-but-gone"),
    ],
)
def test_what_does_not_fit_is_named(
    share: Share | None, folder: FolderBelief | None, charge: StorageCharge | None, finding: str
) -> None:
    assert found(share, folder, charge) == set(finding.split())


def test_of_two_shares_of_a_name_the_one_that_the_portal_knows_is_the_folder_s() -> None:
    rows = compare([replace(SHARE, id="s0"), SHARE], [FOLDER], {ID: CHARGE}, NOW)
    assert [(row.share and row.share.id, set(row.findings)) for row in rows] == [("s0", {"orphaned"}), ("s1", set())]
