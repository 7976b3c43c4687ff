"""What the portal does by itself is in the trail, too: of each pass that changes something for somebody it is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.tokens import make_service
from portal.beat import PASSES
from portal.classes import services as classes
from portal.classes import tasks as of_classes
from portal.classes.services import StartWish
from portal.cloud import provisioner, stacks
from portal.clusters import tasks as of_clusters
from portal.clusters.models import Activity, Cluster
from portal.clusters.wishes import Wish
from portal.courses import tasks as of_courses
from portal.courses.models import Course
from portal.credits import leases
from portal.credits import tasks as of_credits
from portal.folders import tasks as of_folders
from portal.folders.models import Folder
from portal.trail.models import Entry
from tests.db.test_courses import provisioner as may_make_projects

__all__ = ["may_make_projects"]

# They bring to an end, charge, tell or forget what somebody's deed or another pass began: nothing that anybody has is
# another afterwards but by what is written already.
NOBODYS_DEEDS = {
    "portal.jobs.tasks.sweep",
    "portal.credits.tasks.recompute_holds",
    "portal.clusters.tasks.meter",
    "portal.clusters.tasks.tell_billing",
    "portal.clusters.tasks.forget_notices",
    "portal.letters.tasks.deliver",
    "portal.letters.tasks.forget",
    "portal.accounts.tasks.forget_expired",
    "portal.api.tasks.forget_answers",
}


@pytest.fixture
def idle(ready: Cluster) -> Cluster:
    """Warned a quarter of an hour ago, and no word since but its master's."""
    now, since = timezone.now(), timezone.now() - timedelta(hours=9)
    Cluster.objects.filter(pk=ready.pk).update(
        active_at=since, activity=Activity.JOB, heard_at=now, idle_warned_at=now - timedelta(hours=1),
        idle_warned_for=since,
    )  # fmt: skip
    return ready


def end_by_idling(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("idle")
    of_clusters.look_at_ends()


def end_by_time(request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue("ready")
    request.getfixturevalue("monkeypatch").setattr(stacks, "list_stacks", lambda project_id: {})
    Cluster.objects.filter(pk=cluster.pk).update(expires_at=timezone.now())
    of_clusters.reconcile_course(str(cluster.course_id))


def delete_folder(request: pytest.FixtureRequest) -> None:
    folder: Folder = request.getfixturevalue("folder")
    request.getfixturevalue("manila")
    now = timezone.now()
    Course.objects.filter(pk=folder.course_id).update(archived_at=now, folders_until=now)
    of_folders.reconcile_course(str(folder.course_id))


def make_project(request: pytest.FixtureRequest) -> None:
    course: Course = request.getfixturevalue("course")
    request.getfixturevalue("may_make_projects")
    patch = request.getfixturevalue("monkeypatch")
    patch.setattr(provisioner, "ensure_project", lambda name, title: "p9")
    patch.setattr(provisioner, "admit_service_user", lambda project_id: None)
    Course.objects.filter(pk=course.pk).update(project_id="")
    of_courses.make_project(str(course.pk))


def end_lease(request: pytest.FixtureRequest) -> None:
    service = make_service(request.getfixturevalue("dora"), "gpu-queue", ["read", "billing"])
    end = timezone.now() + timedelta(hours=1)
    leases.create(service, leases.Wish(uuid4(), "demo", "alice", "GPU", end, fixed=Decimal(0)))
    request.getfixturevalue("monkeypatch").setattr("django.utils.timezone.now", lambda: end)
    of_credits.settle_leases()


def start_class(request: pytest.FixtureRequest) -> None:
    bob: User = request.getfixturevalue("bob")
    wish: Wish = request.getfixturevalue("wish")
    wanted = StartWish(wish, timezone.now() + timedelta(minutes=1), 1, 5, None)
    classes.plan_start(bob, request.getfixturevalue("course"), wanted)
    of_classes.carry_on()


# By the pass: what is done, what is written of it, and by whom; somebody, where it is carried out for them.
DEEDS: list[tuple[str, Callable[[pytest.FixtureRequest], None], str, str]] = [
    ("portal.clusters.tasks.look_at_ends", end_by_idling, "cluster.end", ""),
    ("portal.clusters.tasks.pulse", end_by_time, "cluster.end", ""),
    ("portal.clusters.tasks.pulse", delete_folder, "folder.delete", ""),
    ("portal.courses.tasks.make_projects", make_project, "course.project", ""),
    ("portal.credits.tasks.settle_leases", end_lease, "lease.end", ""),
    ("portal.classes.tasks.carry_on", start_class, "cluster.create", "bob"),
]


@pytest.mark.parametrize(
    ("do", "action", "actor"), [each[1:] for each in DEEDS], ids=[each[1].__name__ for each in DEEDS]
)
def test_what_a_pass_does_is_written_down_as_the_systems(
    do: Callable[[pytest.FixtureRequest], None], action: str, actor: str, request: pytest.FixtureRequest
) -> None:
    do(request)
    written = Entry.objects.filter(action=action)
    assert {(entry.actor, entry.way) for entry in written} == {(actor, "system")}
    assert all(entry.before or entry.after for entry in written)


def test_no_pass_is_missing_here() -> None:
    assert {name for name, *_ in DEEDS} | NOBODYS_DEEDS == set(PASSES)
    assert not {name for name, *_ in DEEDS} & NOBODYS_DEEDS


def test_a_pass_for_nobody_writes_nothing(ready: Cluster) -> None:
    """With a cluster there that is charged."""
    before: Any = Entry.objects.count()
    for name in sorted(NOBODYS_DEEDS - {"portal.letters.tasks.deliver"}):
        module, _, task = name.rpartition(".")
        getattr(__import__(module, fromlist=[task]), task)()
    assert Entry.objects.count() == before
