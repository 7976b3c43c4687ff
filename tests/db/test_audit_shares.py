"""The shares of all courses as administrators see them, with a Manila whose answers are recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import Meter
from portal.accounts.models import User
from portal.audit import shares
from portal.courses.models import Course
from portal.folders import metering, services
from portal.folders.models import Folder
from tests.db.conftest import make_available
from tests.db.manila_answers import Recorded

STRANGER = {"id": "x", "name": None, "status": "available", "size": 1, "created_at": "2026-11-20T10:00:00.000000"}


def listed(folder: Folder) -> dict[str, Any]:
    """The folder's share as Manila lists it."""
    return {**STRANGER, "id": folder.share_id, "name": folder.share_name, "size": folder.size_gb}


def lists(manila: Recorded, *rows: dict[str, Any]) -> None:
    manila.answers["GET /v2/shares/detail"] = (200, {"shares": list(rows)})


def charged(folder: Folder) -> Folder:
    """For an hour it has been there, and a meter counts it."""
    before = timezone.now() - timedelta(hours=1)
    Folder.objects.filter(pk=folder.pk).update(created_at=before)
    metering.follow(folder, before)
    return folder


def test_shares_stand_beside_folders_and_what_is_charged(
    manila: Recorded, folder: Folder, course: Course, api: Callable[[User], Client], dora: User
) -> None:
    lists(manila, listed(charged(folder)), STRANGER)
    answer = api(dora).get(f"/api/v1/admin/shares?course={course.pk}").json()
    assert (answer["unanswered"], answer["next"]) == ([], None)
    strange, well = answer["results"]
    assert set(strange["findings"]) == {"stranger"}
    assert well["findings"] == {}
    assert (well["folder"]["id"], well["folder"]["maker"]) == (str(folder.pk), "bob")
    assert well["share"]["id"] == folder.share_id
    assert well["charge"] == {"size_gb": 5, "charged_to": None}
    only = api(dora).get(f"/api/v1/admin/shares?course={course.pk}&finding=stranger").json()["results"]
    assert [row["share"]["id"] for row in only] == ["x"]


def test_a_page_shows_what_is_wrong_and_a_silent_storage_says_why(
    manila: Recorded, folder: Folder, browser: Callable[[User], Client], dora: User
) -> None:
    charged(folder)
    page = browser(dora).get("/admin/shares?only=wrong").content.decode()
    assert "Manila has no share of it, and 5 GB of it are charged on." in page
    manila.answers["GET /v2/shares/detail"] = (503, {"error": {"message": "busy", "code": 503}})
    assert "The cloud does not answer" in browser(dora).get("/admin/shares").content.decode()


def test_a_meter_that_was_never_ended_is_found(manila: Recorded, folder: Folder, course: Course) -> None:
    charged(folder)
    ended = timezone.now() - timedelta(minutes=30)
    Folder.objects.filter(pk=folder.pk).update(status="deleted", target="deleted", ended_at=ended)
    ((row,),) = [report.rows for report in shares.reports([course])]
    assert set(row.findings) == {"charged-but-gone"}
    Meter.objects.filter(subject=folder.pk).update(ended_at=ended)
    assert shares.reports([course])[0].rows == ()


def test_much_takes_as_many_queries_as_little(
    manila: Recorded, folder: Folder, course: Course, browser: Callable[[User], Client], bob: User, dora: User
) -> None:
    def queries() -> int:
        lists(manila, *(listed(each) for each in Folder.objects.all()))
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/admin/shares").status_code == 200
        return len(captured)

    client = browser(dora)
    charged(folder)
    assert queries() == 6
    for number in range(5):
        charged(make_available(services.create(bob, services.FolderWish(str(course.pk), f"more {number}", 1))))
    assert queries() == 6
