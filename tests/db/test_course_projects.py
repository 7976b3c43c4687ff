"""Passes that make courses' projects: what stops one is waited for, and half of it is gone on with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from portal.cloud import provisioner
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.courses import projects
from portal.courses.models import Course
from portal.courses.tasks import make_project
from portal.folders import schedule as of_folders
from portal.folders.models import Folder
from portal.locks import key_of
from portal.trail.models import Entry
from tests.db.test_courses import provisioner as may_make_projects

__all__ = ["may_make_projects"]


@pytest.fixture
def wanted(course: Course) -> Course:
    """A course whose project is not there yet."""
    Course.objects.filter(pk=course.pk).update(project_id="")
    course.refresh_from_db()
    return course


def test_a_cloud_that_is_away_is_waited_for_a_while_and_asked_again(wanted: Course, may_make_projects: None) -> None:
    make_project(str(wanted.pk))  # nobody listens at the provisioner's cloud
    wanted.refresh_from_db()
    assert "does not answer" in wanted.waiting_for
    assert not projects.wanted().exists()
    Course.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    assert list(projects.wanted()) == [wanted]


def test_without_a_provisioner_it_is_said_to_whom_to_show_it(wanted: Course, settings: Any) -> None:
    settings.PROVISIONER = None
    make_project(str(wanted.pk))
    wanted.refresh_from_db()
    assert "show this to your administrator" in wanted.waiting_for


def test_a_project_that_was_half_made_is_gone_on_with(
    wanted: Course, may_make_projects: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal dies, or the cloud goes, between the project and the roles in it: the course has it only with both."""
    asked: list[tuple[str, str]] = []
    troubles: list[Exception | None] = [CloudUnavailable("gone"), CloudRefused("no role heat_stack_owner"), None]

    def admit(project_id: str) -> None:
        asked.append(("admit", project_id))
        if trouble := troubles.pop(0):
            raise trouble

    monkeypatch.setattr(provisioner, "ensure_project", lambda name, title: asked.append((name, title)) or "p9")
    monkeypatch.setattr(provisioner, "admit_service_user", admit)
    for project, words in (("", "does not answer"), ("", "which refuses it: no role heat_stack_owner"), ("p9", "")):
        Course.objects.filter(pk=wanted.pk).update(retry_at=None)
        make_project(str(wanted.pk))
        wanted.refresh_from_db()
        assert wanted.project_id == project
        assert words in wanted.waiting_for
    assert asked == 3 * [(f"slipway-course-{wanted.pk}", "Demo course"), ("admit", "p9")]
    assert (wanted.waiting_for, wanted.retry_at) == ("", None)
    entry = Entry.objects.get(action="course.project")
    assert (entry.actor, entry.way, entry.subject, entry.after) == (
        "", "system", str(wanted.pk),
        {"project_id": "p9", "project": wanted.project_name, "roles": ["member", "heat_stack_owner"]},
    )  # fmt: skip
    make_project(str(wanted.pk))
    assert len(asked) == 6


def test_two_passes_at_once_make_one(wanted: Course, may_make_projects: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioner, "ensure_project", lambda name, title: pytest.fail("another one is at it"))
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key_of(f"project of course {wanted.pk}")])
            make_project(str(wanted.pk))
    finally:
        other.close()
    wanted.refresh_from_db()
    assert wanted.waiting_for == ""


def test_no_pass_over_a_cloud_comes_to_a_course_without_a_project(folder: Folder, course: Course) -> None:
    assert course in of_folders.due_courses()
    Course.objects.filter(pk=course.pk).update(project_id="")
    assert course not in of_folders.due_courses()


def test_an_archived_course_gets_no_project_any_more(wanted: Course) -> None:
    Course.objects.update(archived_at=timezone.now())
    assert not projects.wanted().exists()
