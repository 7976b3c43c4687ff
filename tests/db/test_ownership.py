"""Who sees what: each address of the API and each page, asked by each person."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.clusters.models import Cluster, Status
from portal.folders.models import Folder
from portal.jobs import storage
from portal.jobs.models import Job, JobOutput
from tests.db.conftest import problem

READ = [
    "/api/v1/clusters/{cluster}",
    "/api/v1/clusters/{cluster}/jobs",
    "/api/v1/jobs/{job}",
    "/api/v1/jobs/{job}/log",
    "/api/v1/jobs/{job}/output",
    "/api/v1/jobs/{job}/output/table.csv",
]
PAGES = ["/clusters/{cluster}", "/jobs/{job}", "/jobs/{job}/log", "/jobs/{job}/output/table.csv"]
STREAMS = ["/clusters/{cluster}/live", "/jobs/{job}/live"]


@pytest.fixture
def job_with_output(job: Job) -> Job:
    storage.write(storage.output_file(job.pk, "table.csv"), [b"a,b\n"])
    JobOutput.objects.create(job=job, path="table.csv", size=4, uploaded=True)
    return job


@pytest.mark.parametrize("path", READ)
def test_the_owner_the_teacher_and_the_administrator_may_read(
    path: str, api: Callable[[User], Client], job_with_output: Job, alice: User, bob: User, dora: User
) -> None:
    for person in (alice, bob, dora):
        answer = api(person).get(path.format(cluster=job_with_output.cluster_id, job=job_with_output.pk))
        assert answer.status_code == 200, (person, answer)


@pytest.mark.parametrize("path", READ)
def test_classmates_and_outsiders_learn_nothing(
    path: str, api: Callable[[User], Client], job_with_output: Job, ann: User, charlie: User
) -> None:
    for person in (ann, charlie):
        answer = api(person).get(path.format(cluster=job_with_output.cluster_id, job=job_with_output.pk))
        assert answer.status_code == 404, person
        nothing = api(person).get(path.format(cluster=uuid.uuid4(), job=uuid.uuid4()))
        assert problem(answer) == problem(nothing)  # no difference to what is not there at all


@pytest.mark.parametrize("path", [*READ, "/api/v1/courses", "/api/v1/clusters"])
def test_without_a_token_there_is_nothing(path: str, job_with_output: Job) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
        url = path.format(cluster=job_with_output.cluster_id, job=job_with_output.pk)
        answer = Client(headers=headers).get(url)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        problem(answer)


def test_lists_show_ones_own_only(
    api: Callable[[User], Client], ready: Cluster, alice: User, ann: User, bob: User, charlie: User
) -> None:
    assert [row["id"] for row in api(alice).get("/api/v1/clusters").json()["results"]] == [str(ready.pk)]
    assert [row["id"] for row in api(bob).get("/api/v1/clusters").json()["results"]] == [str(ready.pk)]
    for person in (ann, charlie):
        assert api(person).get("/api/v1/clusters").json() == {"results": [], "next": None}
    assert [row["name"] for row in api(charlie).get("/api/v1/courses").json()["results"]] == ["other"]


def test_only_the_owner_may_run_and_who_leads_the_course_may_delete(
    api: Callable[[User], Client], ready: Cluster, ann: User, bob: User, charlie: User
) -> None:
    for person, status in ((ann, 404), (charlie, 404), (bob, 403)):
        if person != bob:
            assert api(person).delete(f"/api/v1/clusters/{ready.pk}").status_code == status
        assert api(person).post(f"/api/v1/clusters/{ready.pk}/jobs", {"arguments": "[]"}).status_code == status
    ready.refresh_from_db()
    assert ready.target == Status.READY
    assert not Job.objects.exists()


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_shown_to_the_same_people(
    path: str, browser: Callable[[User], Client], job_with_output: Job, alice: User, ann: User, bob: User, charlie: User
) -> None:
    url = path.format(cluster=job_with_output.cluster_id, job=job_with_output.pk)
    for person, status in ((alice, 200), (bob, 200), (ann, 404), (charlie, 404)):
        assert browser(person).get(url).status_code == status, person
    assert Client().get(url).status_code == 302


@pytest.mark.parametrize("path", STREAMS)
def test_streams_are_refused_before_they_begin(
    path: str, browser: Callable[[User], Client], job_with_output: Job, ann: User, charlie: User
) -> None:
    url = path.format(cluster=job_with_output.cluster_id, job=job_with_output.pk)
    for person in (ann, charlie):
        assert browser(person).get(url).status_code == 404, person


@pytest.mark.parametrize("path", [f"/clusters/{{cluster}}/{verb}" for verb in ("jobs", "resize", "repair")])
def test_pages_that_change_something_refuse_others(
    path: str, browser: Callable[[User], Client], ready: Cluster, ann: User, bob: User, charlie: User
) -> None:
    for person, status in ((ann, 404), (charlie, 404), (bob, 403)):
        assert browser(person).post(path.format(cluster=ready.pk)).status_code == status
    ready.refresh_from_db()
    assert ready.target == Status.READY


def test_pages_of_a_folder_are_shown_to_its_course_and_its_buttons_to_those_who_may(
    browser: Callable[[User], Client], folder: Folder, alice: User, bob: User, charlie: User, dora: User
) -> None:
    for person, status, buttons in ((alice, 200, False), (bob, 200, True), (dora, 200, True), (charlie, 404, False)):
        answer = browser(person).get(f"/folders/{folder.pk}")
        assert (answer.status_code, f"Delete {folder.name}" in answer.content.decode()) == (status, buttons), person
        assert (folder.name in browser(person).get("/folders").content.decode()) == (status == 200)
    assert browser(charlie).get(f"/folders/{folder.pk}/live").status_code == 404
    for path in ("/folders", f"/folders/{folder.pk}"):
        assert Client().get(path).status_code == 302


@pytest.mark.parametrize(("deed", "sent"), [("grow", {"size_gb": "9"}), ("delete", {})])
def test_pages_that_change_a_folder_refuse_others(
    deed: str, sent: dict[str, str], browser: Callable[[User], Client], folder: Folder, alice: User, charlie: User
) -> None:
    for person, status in ((alice, 403), (charlie, 404)):
        assert browser(person).post(f"/folders/{folder.pk}/{deed}", sent).status_code == status
    folder.refresh_from_db()
    assert (folder.target, folder.wanted_gb) == ("available", 5)


def test_the_home_page_shows_a_student_only_their_own(
    browser: Callable[[User], Client], ready: Cluster, alice: User, ann: User, bob: User
) -> None:
    assert str(ready.pk) in browser(alice).get("/").content.decode()
    assert str(ready.pk) in browser(bob).get("/").content.decode()
    assert str(ready.pk) not in browser(ann).get("/").content.decode()
