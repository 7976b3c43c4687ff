"""The pages about folders, without a browser's scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.courses.models import Course
from portal.folders.models import Folder, Mount
from portal.folders.models import Status as FolderStatus

Browser = Callable[[User], Client]


def test_a_folder_is_made_and_its_page_follows_it(browser: Browser, alice: User, course: Course) -> None:
    sent = {"name": "data", "course": str(course.pk), "size_gb": "2", "share_type": "nfs"}
    answer = browser(alice).post("/folders/make", sent, follow=True)
    made = Folder.objects.get()
    assert answer.redirect_chain == [(f"/folders/{made.pk}", 302)]
    assert "Creating" in answer.content.decode()


def test_what_is_wrong_stands_at_its_field(browser: Browser, alice: User, course: Course) -> None:
    sent = {"name": "data", "course": str(course.pk), "size_gb": "-2", "share_type": "nfs"}
    answer = browser(alice).post("/folders/make", sent)
    assert answer.status_code == 422
    assert "must be from 1 to" in answer.content.decode()
    sent["size_gb"] = "21"
    assert "20 GB is the limit" in browser(alice).post("/folders/make", sent).content.decode()
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
    sent = {
        "name": "mine", "course": str(course.pk), "framework": "spark", "workers": "1", "flavor": "small", "hours": "1",
        f"folder-{folder.pk}": "ro",
    }  # fmt: skip
    assert browser(alice).post("/clusters/create", sent).status_code == 302
    mount = Mount.objects.get()
    assert (mount.cluster.name, mount.folder, mount.access) == ("mine", folder, "ro")


def test_a_folder_that_is_not_available_is_not_offered(browser: Browser, alice: User, folder: Folder) -> None:
    Folder.objects.update(status=FolderStatus.FAILED, failure={"what": "It is gone.", "why": "y", "next": "n"})
    assert "Flights of 2013" not in browser(alice).get("/").content.decode()
    assert "It is gone." in browser(alice).get(f"/folders/{folder.pk}").content.decode()
