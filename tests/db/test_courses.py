"""Making courses, changing and archiving them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.cloud import identity
from portal.cloud.connection import Connection, Provisioner
from portal.cloud.stacks import Stack
from portal.clusters import services as clusters
from portal.clusters.life import reconciler
from portal.clusters.models import Cluster
from portal.clusters.wishes import Wish
from portal.courses.limits import default_limits, limits_of
from portal.courses.models import Course, Membership
from portal.folders import reconciler as folder_passes
from portal.folders.models import Folder
from portal.trail.models import Entry
from tests.db.conftest import body_of, problem

JSON = "application/json"
NEW = {"name": "bigdata-26", "title": "Big data 2026", "starts_on": "2026-09-01", "ends_on": "2027-02-28"}


@pytest.fixture
def provisioner(settings: Any) -> None:
    """A portal that may make projects; here none is asked for."""
    own = Connection("http://127.0.0.1:9/v3", "provisioner", "p", {"user_domain_name": "Default"})
    settings.PROVISIONER = Provisioner(own, {"domain_name": "Default"})


@pytest.fixture
def maker(charlie: User) -> User:
    User.objects.filter(pk=charlie.pk).update(may_make_courses=True)
    charlie.refresh_from_db()
    return charlie


def make(client: Client, **changes: Any) -> Any:
    return client.post("/api/v1/courses", {**NEW, **changes}, content_type=JSON)


def test_who_was_appointed_makes_a_course_and_is_its_teacher(
    provisioner: None, api: Callable[[User], Client], maker: User
) -> None:
    answer = make(api(maker))
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["Location"].endswith(f"/api/v1/courses/{body['id']}")
    assert (body["name"], body["project"], body["starts_on"]) == ("bigdata-26", "", "2026-09-01")
    assert "change_roster" in body["may"]
    course = Course.objects.get(name="bigdata-26")
    assert Membership.objects.get(course=course).role == "teacher"
    assert (default_limits(course).clusters, limits_of(course).hours) == (1, 12)
    entry = Entry.objects.get(action="course.create", course="bigdata-26")
    assert (entry.actor, entry.course, entry.after["title"]) == ("charlie", "bigdata-26", "Big data 2026")


def test_nobody_else_makes_one(provisioner: None, api: Callable[[User], Client], alice: User, bob: User) -> None:
    for person in (alice, bob):
        answer = make(api(person))
        assert answer.status_code == 403
        assert "You may not make courses" in problem(answer)["detail"]


def test_without_a_provisioner_an_administrator_names_a_project_in_which_the_portals_user_is(
    settings: Any, monkeypatch: pytest.MonkeyPatch, api: Callable[[User], Client], dora: User, maker: User
) -> None:
    settings.PROVISIONER = None
    monkeypatch.setattr(identity, "projects", lambda: [identity.Project("p9", "campus")])
    assert "ask an administrator" in problem(make(api(maker)))["errors"]["project"]
    assert "only an administrator" in problem(make(api(maker), project="p9"))["errors"]["project"]
    assert "it has one in p9 (campus)" in problem(make(api(dora), project="p8"))["errors"]["project"]
    assert make(api(dora), project="p9").status_code == 201
    course = Course.objects.get(name="bigdata-26")
    assert course.project_id == "p9"
    assert not course.memberships.exists()


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"name": "Big Data"}, 422, "name: must be 1 to 60 small letters"),
        ({"name": "-a"}, 422, "name"),
        ({"title": "a\nb"}, 422, "title: must be one line"),
        ({"ends_on": "2026-08-31"}, 422, "ends_on: must not be before the course starts"),
        ({"ends_on": "soon"}, 422, "ends_on"),
        ({"name": "demo"}, 409, "There is a course 'demo', or was."),
        ({"owner": "me"}, 422, "owner: unknown"),
    ],
)
def test_what_is_wrong_is_named(
    provisioner: None, api: Callable[[User], Client], maker: User, changes: dict[str, Any], status: int, words: str
) -> None:
    answer = make(api(maker), **changes)
    assert answer.status_code == status
    assert words in problem(answer)["detail"]


def test_a_teacher_changes_title_and_dates_and_only_what_changed_is_in_the_trail(
    api: Callable[[User], Client], bob: User, course: Course
) -> None:
    changes = {"title": "Demonstration", "ends_on": "2027-01-31", "profiles_only": False}
    answer = api(bob).patch(f"/api/v1/courses/{course.pk}", changes, content_type=JSON)
    assert (answer.status_code, answer.json()["title"]) == (200, "Demonstration")
    entry = Entry.objects.get(action="course.change")
    assert entry.before == {"title": "Demo course", "ends_on": None}
    assert entry.after == {"title": "Demonstration", "ends_on": "2027-01-31"}
    api(bob).patch(f"/api/v1/courses/{course.pk}", changes, content_type=JSON)
    assert Entry.objects.filter(action="course.change").count() == 1


def test_a_teacher_says_when_idle_clusters_end_and_that_none_does_in_a_lecture(
    api: Callable[[User], Client], alice: User, bob: User, course: Course
) -> None:
    address = f"/api/v1/courses/{course.pk}"
    changes = {"idle_minutes": 30, "idle_off_until": "2026-12-01T10:00:00Z"}
    said = api(bob).patch(address, changes, content_type=JSON).json()
    assert {name: said[name] for name in changes} == changes
    assert Entry.objects.get(action="course.change").after == {**changes, "idle_off_until": "2026-12-01T10:00:00+00:00"}
    refused = api(bob).patch(address, {"idle_minutes": 0}, content_type=JSON)
    assert (refused.status_code, "idle_minutes" in problem(refused)["errors"]) == (422, True)
    assert api(bob).patch(address, {"idle_minutes": None}, content_type=JSON).json()["idle_minutes"] is None
    assert api(alice).patch(address, {"idle_minutes": None}, content_type=JSON).status_code == 403


@pytest.mark.parametrize(("first", "last", "status"), [(-2, 2, 202), (1, 2, 409), (-2, -1, 409), (0, 0, 202)])
def test_students_create_in_the_term_only_and_teachers_at_any_time(
    api: Callable[[User], Client],
    alice: User,
    bob: User,
    course: Course,
    wish: Wish,
    first: int,
    last: int,
    status: int,
) -> None:
    today = timezone.localdate()
    starts, ends = today + timedelta(days=first), today + timedelta(days=last)
    Course.objects.filter(pk=course.pk).update(starts_on=starts, ends_on=ends)
    assert api(alice).post("/api/v1/clusters", body_of(wish), content_type=JSON).status_code == status
    assert api(bob).post("/api/v1/clusters", body_of(wish), content_type=JSON).status_code == 202


def test_nothing_is_made_in_a_course_whose_project_is_not_there_yet(
    api: Callable[[User], Client], alice: User, course: Course, wish: Wish
) -> None:
    Course.objects.filter(pk=course.pk).update(project_id="")
    answer = api(alice).post("/api/v1/clusters", body_of(wish), content_type=JSON)
    assert answer.status_code == 409
    assert "the portal is making it" in problem(answer)["detail"]


def archive(client: Client, course: Course, **body: Any) -> Any:
    return client.post(f"/api/v1/courses/{course.pk}/archive", {"confirm": "demo", **body}, content_type=JSON)


def test_what_would_end_with_a_course_is_named_before_it_is_archived(
    api: Callable[[User], Client], course: Course, ready: Cluster, alice: User, bob: User, charlie: User
) -> None:
    said = archive(api(bob), course, confirm="", preview=True)
    assert said.status_code == 200
    assert [(row["username"], row["cluster"]) for row in said.json()["outcomes"]] == [("alice", str(ready.pk))]
    assert (said.json()["would"], said.json()["refused"]) == (1, 0)
    course.refresh_from_db()
    assert course.archived_at is None
    for person, status in ((alice, 403), (charlie, 404)):
        assert archive(api(person), course, preview=True).status_code == status


def test_an_archived_course_is_only_to_be_looked_at(
    api: Callable[[User], Client], alice: User, bob: User, course: Course, wish: Wish, ready: Cluster, folder: Folder
) -> None:
    assert archive(api(bob), course).json()["archived_at"]
    refused = [
        api(alice).post("/api/v1/clusters", body_of(wish), content_type=JSON),
        api(alice).post(f"/api/v1/clusters/{ready.pk}/resize", {"workers": 3}, content_type=JSON),
        api(bob).post(f"/api/v1/folders/{folder.pk}/grow", {"size_gb": 9}, content_type=JSON),
        api(bob).patch(f"/api/v1/courses/{course.pk}", {"title": "x"}, content_type=JSON),
        api(bob).post(f"/api/v1/courses/{course.pk}/members", {"username": "eve"}, content_type=JSON),
        api(bob).delete(f"/api/v1/courses/{course.pk}/limits/alice"),
    ]
    for answer in refused:
        assert answer.status_code == 409
        assert "was archived on" in problem(answer)["detail"]
    assert api(alice).get(f"/api/v1/clusters/{ready.pk}").status_code == 200
    assert api(bob).get(f"/api/v1/courses/{course.pk}/members").status_code == 200
    assert "change_roster" not in api(bob).get(f"/api/v1/courses/{course.pk}").json()["may"]


def test_archiving_asks_for_the_name_and_a_second_time_changes_nothing(
    api: Callable[[User], Client], bob: User, course: Course
) -> None:
    assert problem(archive(api(bob), course, confirm="demo course"))["errors"] == {
        "confirm": "must be the course's name, demo"
    }
    first = archive(api(bob), course, keep_folders_days=7).json()
    assert archive(api(bob), course, keep_folders_days=0).json() == first
    assert Entry.objects.filter(action="course.archive").count() == 1


def test_its_clusters_end_in_the_next_pass_also_one_that_came_meanwhile(
    api: Callable[[User], Client], alice: User, bob: User, course: Course, ready: Cluster
) -> None:
    archive(api(bob), course)
    course.refresh_from_db()
    reconciler.reconcile(course)  # whose cloud is away: what it does next is the next pass's
    ready.refresh_from_db()
    assert ready.expires_at <= timezone.now()
    reconciler._advance(ready, Stack("s", ready.stack_name, "CREATE", "COMPLETE", ""))
    ready.refresh_from_db()
    assert ready.target == "deleted"


def test_folders_are_kept_for_the_days_that_were_said_and_then_go(
    api: Callable[[User], Client], bob: User, course: Course, folder: Folder, manila: Any
) -> None:
    archive(api(bob), course, keep_folders_days=1)
    course.refresh_from_db()
    folder_passes.reconcile(course)
    folder.refresh_from_db()
    assert folder.target == "available"
    Course.objects.update(folders_until=timezone.now())
    course.refresh_from_db()
    folder_passes.reconcile(course)
    folder.refresh_from_db()
    assert folder.target == "deleted"
    assert Entry.objects.get(action="folder.delete").actor == ""


def test_a_folder_that_a_cluster_still_uses_waits_for_that(
    api: Callable[[User], Client], bob: User, course: Course, folder: Folder, ready: Cluster, manila: Any
) -> None:
    ready.mounts.create(folder=folder, path="/data/a", access="rw")
    archive(api(bob), course, keep_folders_days=0)
    course.refresh_from_db()
    folder_passes.reconcile(course)
    folder.refresh_from_db()
    assert folder.target == "available"


def test_a_teacher_and_an_assistant_may_end_clusters_of_others_and_not_use_them(
    api: Callable[[User], Client], ann: User, bob: User, course: Course, ready: Cluster
) -> None:
    Membership.objects.filter(user=ann, course=course).update(role="assistant")
    for person in (ann, bob):
        answer = api(person).post(f"/api/v1/clusters/{ready.pk}/resize", {"workers": 3}, content_type=JSON)
        assert answer.status_code == 403
    assert api(ann).delete(f"/api/v1/clusters/{ready.pk}").status_code == 202
    entry = Entry.objects.get(action="cluster.delete")
    assert (entry.actor, entry.subject) == ("ann", str(ready.pk))


def test_an_administrator_says_who_may_make_courses(api: Callable[[User], Client], dora: User, bob: User) -> None:
    client = api(dora)
    assert client.put("/api/v1/courses/makers/bob").status_code == 200
    assert client.get("/api/v1/courses/makers").json()["results"] == [{"username": "bob"}]
    assert client.put("/api/v1/courses/makers/nobody").status_code == 404
    assert client.delete("/api/v1/courses/makers/bob").status_code == 204
    assert client.get("/api/v1/courses/makers").json()["results"] == []
    appointed = Entry.objects.filter(action="person.appoint", actor="dora")
    assert [entry.after["may_make_courses"] for entry in appointed] == [False, True]
    assert api(bob).put("/api/v1/courses/makers/bob").status_code == 403


def test_lists_have_ones_own_courses_and_all_for_an_administrator(
    api: Callable[[User], Client], alice: User, dora: User
) -> None:
    names = [[row["name"] for row in api(who).get("/api/v1/courses").json()["results"]] for who in (alice, dora)]
    assert names == [["demo"], ["demo", "other"]]


def test_a_cluster_of_a_course_that_is_gone_from_the_form_is_refused(alice: User, wish: Wish, course: Course) -> None:
    Course.objects.filter(pk=course.pk).update(archived_at=timezone.now())
    with pytest.raises(clusters.Conflict, match="archived"):
        clusters.create(alice, wish)
