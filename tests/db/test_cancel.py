"""A job is cancelled by whose cluster it is, once, and nothing that comes later changes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.jobs import services as jobs
from portal.jobs import storage
from portal.jobs.models import Job, JobStatus
from portal.refusals import Conflict
from portal.trail.models import Entry


def test_a_job_that_waits_never_runs(api: Callable[[User], Client], alice: User, job: Job, ready: Cluster) -> None:
    answer = api(alice).post(f"/api/v1/jobs/{job.pk}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["reason"] == "alice cancelled it."
    assert answer.json()["ended_at"]
    assert jobs.lease_next(ready) is None


def test_a_job_that_runs_is_no_longer_wanted_and_its_late_end_changes_nothing(
    alice: User, job: Job, ready: Cluster
) -> None:
    leased = jobs.lease_next(ready)
    assert leased
    assert jobs.renew(leased)
    jobs.cancel(alice, job.pk)
    assert not jobs.renew(leased)
    jobs.finish(leased, 0, "", [("table.csv", 4)])
    job.refresh_from_db()
    assert (job.status, job.exit_code, job.outputs.count()) == (JobStatus.CANCELLED, None, 0)


def test_its_program_and_input_are_forgotten(
    alice: User, job: Job, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    storage.write(storage.application(job.pk), [b"pass"])
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        jobs.cancel(alice, job.pk)
    assert not storage.application(job.pk).exists()


def test_said_again_nothing_is_to_be_done_and_the_trail_has_it_once(alice: User, job: Job) -> None:
    assert jobs.cancel(alice, job.pk).ended_at == jobs.cancel(alice, job.pk).ended_at
    (entry,) = Entry.objects.filter(action="job.cancel")
    assert (entry.actor, entry.subject, entry.course, entry.before) == (
        "alice", str(job.pk), job.cluster.course.name, {"status": "queued"},
    )  # fmt: skip


def test_a_job_that_has_ended_stays_as_it_ended(alice: User, job: Job) -> None:
    jobs.finish(job, 0, "", [])
    with pytest.raises(Conflict, match="ended already"):
        jobs.cancel(alice, job.pk)
    assert not Entry.objects.filter(action="job.cancel").exists()


def test_only_the_owner_may_cancel(
    api: Callable[[User], Client], browser: Callable[[User], Client], job: Job, ann: User, bob: User, charlie: User
) -> None:
    for person, status in ((ann, 404), (charlie, 404), (bob, 403)):
        assert api(person).post(f"/api/v1/jobs/{job.pk}/cancel").status_code == status
        assert browser(person).post(f"/jobs/{job.pk}/cancel").status_code == status
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_the_page_has_a_button_for_the_owner_while_there_is_something_to_cancel(
    browser: Callable[[User], Client], job: Job, alice: User, bob: User
) -> None:
    page, button = f"/jobs/{job.pk}", "Cancel this job"
    assert button in browser(alice).get(page).content.decode()
    assert button not in browser(bob).get(page).content.decode()
    answer = browser(alice).post(f"{page}/cancel", follow=True)
    assert "alice cancelled it." in answer.content.decode()
    assert button not in answer.content.decode()
