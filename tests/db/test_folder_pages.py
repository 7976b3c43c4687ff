"""The pages about folders, without a browser's scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import credit, ledger
from billing.metering import measure
from billing.models import Rate
from billing.prices import HOURS_A_MONTH
from billing.rating import rate
from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.courses.models import Course
from portal.folders import metering
from portal.folders.models import Folder, Mount
from portal.folders.models import Status as FolderStatus
from portal.web.templatetags.credits import exact
from tests.db.conftest import make_available

Browser = Callable[[User], Client]


def form_of_cluster(course: Course, **more: str) -> dict[str, str]:
    own = {"name": "mine", "framework": "spark", "workers": "1", "flavor": "small", "hours": "1"}
    return {**own, "course": str(course.pk), **more}


def test_a_folder_is_made_and_its_page_follows_it(browser: Browser, alice: User, course: Course) -> None:
    sent = {"name": "data", "course": str(course.pk), "size_gb": "2", "share_type": "nfs"}
    answer = browser(alice).post("/folders/make", sent, follow=True)
    made = Folder.objects.get()
    assert answer.redirect_chain == [(f"/folders/{made.pk}", 302)]
    assert "Creating" in answer.content.decode()


def test_a_folder_says_what_it_costs_before_it_is_made_and_grown_and_what_it_has_cost(
    browser: Browser, api: Callable[[User], Client], bob: User, course: Course, folder: Folder
) -> None:
    start = timezone.now() - timedelta(hours=HOURS_A_MONTH)
    Rate.objects.create(kind="storage", name="nfs", price=Decimal("0.4"), valid_from=start - timedelta(days=1))
    ledger.grant("dora", Decimal(100), course=course.name)
    page = browser(bob)
    assert "NFS: 0.40 per GB-month" in page.get("/folders").content.decode()
    assert "Each GB more costs 0.40 credits a month" in (shown := page.get(f"/folders/{folder.pk}").content.decode())
    assert "2.00 credits a month; 0.00 charged so far" in shown
    assert api(bob).get(f"/api/v1/folders/{folder.pk}").json()["monthly"] == "2.000000"
    grown = api(bob).post(f"/api/v1/folders/{folder.pk}/grow", {"size_gb": 10}, content_type="application/json")
    assert grown.json()["monthly"] == "4.000000"
    folder.refresh_from_db()
    metering.follow(folder, start)
    measure(timezone.now())
    rate()
    charged = credit.standing(course.name, "bob").spent
    assert Decimal("1.9") < charged <= 2
    assert f"{exact(charged)} charged so far" in page.get(f"/folders/{folder.pk}").content.decode()


def test_a_folder_that_is_free_says_nothing_of_credits(browser: Browser, bob: User, folder: Folder) -> None:
    for address in ("/folders", f"/folders/{folder.pk}"):
        assert "credits a" not in browser(bob).get(address).content.decode()


def test_what_is_wrong_stands_at_its_field(browser: Browser, alice: User, course: Course) -> None:
    sent = {"name": "data", "course": str(course.pk), "size_gb": "-2", "share_type": "nfs"}
    answer = browser(alice).post("/folders/make", sent)
    assert answer.status_code == 422
    assert "must be from 1 to" in answer.content.decode()
    sent["size_gb"] = "21"
    assert "20 GB of folders is the limit" in browser(alice).post("/folders/make", sent).content.decode()
    assert not Folder.objects.exists()


@pytest.mark.parametrize(
    ("size", "status", "words"), [("8", "growing", "soon 8 GB"), ("3", "available", "never shrinks")]
)
def test_growing_is_done_or_refused_with_the_reason(
    browser: Browser, bob: User, folder: Folder, size: str, status: str, words: str
) -> None:
    answer = browser(bob).post(f"/folders/{folder.pk}/grow", {"size_gb": size}, follow=True)
    assert words in answer.content.decode()
    folder.refresh_from_db()
    assert folder.status == status


def test_a_folder_in_use_is_not_deleted_by_the_page_either(
    browser: Browser, bob: User, folder: Folder, ready: Cluster
) -> None:
    mount = Mount.objects.create(folder=folder, cluster=ready, path="/data/flights", access="ro")
    answer = browser(bob).post(f"/folders/{folder.pk}/delete", follow=True).content.decode()
    assert "is in use by the cluster &#x27;ready&#x27; of alice" in answer
    assert "/data/flights</code>, read only" in browser(bob).get(f"/clusters/{ready.pk}").content.decode()
    mount.delete()
    browser(bob).post(f"/folders/{folder.pk}/delete")
    folder.refresh_from_db()
    assert folder.status == FolderStatus.DELETING


def test_the_create_form_offers_the_courses_folders_and_mounts_those_chosen(
    browser: Browser, alice: User, course: Course, folder: Folder
) -> None:
    page = browser(alice).get("/").content.decode()
    assert "Flights of 2013" in page
    assert "/data/flights-of-2013" in page
    sent = form_of_cluster(course, **{f"folder-{folder.pk}": "ro"})
    assert browser(alice).post("/clusters/create", sent).status_code == 302
    mount = Mount.objects.get()
    assert (mount.cluster.name, mount.folder, mount.access) == ("mine", folder, "ro")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": FolderStatus.GROWING, "wanted_gb": 9}, "is growing, and not available"),
        ({"status": FolderStatus.DELETED, "target": FolderStatus.DELETED}, "the course has no such folder"),
    ],
)
def test_a_folder_that_went_since_the_page_was_loaded_is_told_and_nothing_is_made_without_it(
    browser: Browser, alice: User, course: Course, folder: Folder, changes: dict[str, Any], words: str
) -> None:
    Folder.objects.update(**changes)
    answer = browser(alice).post("/clusters/create", form_of_cluster(course, **{f"folder-{folder.pk}": "ro"}))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Cluster.objects.exists()


@pytest.mark.parametrize(("field", "value"), [("folder-x", "rw"), ("folder-{}", "all"), ("folder-{}\x00", "rw")])
def test_what_is_none_of_the_choices_is_refused_and_not_left_out(
    browser: Browser, alice: User, course: Course, folder: Folder, field: str, value: str
) -> None:
    answer = browser(alice).post("/clusters/create", form_of_cluster(course, **{field.format(folder.pk): value}))
    assert answer.status_code == 422
    assert not Cluster.objects.exists()


def test_where_students_may_only_read_they_are_offered_no_more(
    browser: Browser, alice: User, bob: User, course: Course
) -> None:
    sent = {"name": "data", "course": str(course.pk), "size_gb": "2", "share_type": "nfs", "access_for_students": "ro"}
    answer = browser(bob).post("/folders/make", sent, follow=True)
    assert "only read" in answer.content.decode()
    made = make_available(Folder.objects.get())
    offered = '<option value="rw">Read and write</option>'
    assert offered in browser(bob).get("/").content.decode()
    assert offered not in browser(alice).get("/").content.decode()
    refused = browser(alice).post("/clusters/create", form_of_cluster(course, **{f"folder-{made.pk}": "rw"}))
    assert "students may only read in &#x27;data&#x27;" in refused.content.decode()


def test_a_folder_that_is_not_available_is_not_offered(browser: Browser, alice: User, folder: Folder) -> None:
    Folder.objects.update(status=FolderStatus.FAILED, failure={"what": "It is gone.", "why": "y", "next": "n"})
    assert "Flights of 2013" not in browser(alice).get("/").content.decode()
    assert "It is gone." in browser(alice).get(f"/folders/{folder.pk}").content.decode()
