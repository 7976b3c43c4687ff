"""Who is in a course: by hand, by a CSV, by a group of Keystone; what becomes of clusters; what is shown of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from portal.accounts.models import User
from portal.accounts.tokens import make_service
from portal.cloud import provisioner
from portal.cloud.connection import Connection, Provisioner
from portal.clusters.models import Cluster
from portal.courses.limits import limits_for
from portal.courses.models import Course, Membership
from portal.jobs.models import Job
from portal.trail.models import Entry
from tests.db.conftest import problem

JSON = "application/json"


@pytest.fixture
def at(course: Course) -> Callable[[str], str]:
    return lambda path: f"/api/v1/courses/{course.pk}/{path}"


@pytest.fixture
def teacher(api: Callable[[User], Client], bob: User) -> Client:
    return api(bob)


def roles(course: Course) -> dict[str, str]:
    return dict(course.memberships.values_list("user__username", "role"))


def test_a_teacher_adds_changes_and_removes_one(teacher: Client, at: Callable[[str], str], course: Course) -> None:
    made = teacher.post(at("members"), {"username": "eve", "role": "assistant"}, content_type=JSON)
    assert (made.status_code, made.json()) == (201, {"username": "eve", "role": "assistant"})
    changed = teacher.patch(at("members/eve"), {"role": "student"}, content_type=JSON)
    assert changed.json() == {"username": "eve", "role": "student"}
    assert teacher.delete(at("members/eve")).json() == {"username": "eve", "clusters": []}
    assert "eve" not in roles(course)
    entries = Entry.objects.filter(action="course.roster", actor="bob").order_by("id")
    assert list(entries.values_list("before", "after")) == [
        ({}, {"eve": "assistant"}), ({"eve": "assistant"}, {"eve": "student"}), ({"eve": "student"}, {})
    ]  # fmt: skip


def test_nobody_shuts_themselves_out(teacher: Client, at: Callable[[str], str], course: Course) -> None:
    for answer in (
        teacher.delete(at("members/bob")),
        teacher.patch(at("members/bob"), {"role": "student"}, content_type=JSON),
        teacher.post(at("members"), {"username": "bob"}, content_type=JSON),
    ):
        assert answer.status_code == 409
    teacher.post(at("roster"), {"csv": "username\nalice\n", "apply": True, "remove_others": True}, content_type=JSON)
    assert roles(course) == {"alice": "student", "bob": "teacher"}


@pytest.mark.parametrize("body", [{"username": ""}, {"username": "a\nb"}, {"username": "eve", "role": "owner"}, {}])
def test_what_is_nobody_is_refused(teacher: Client, at: Callable[[str], str], body: dict[str, str]) -> None:
    assert teacher.post(at("members"), body, content_type=JSON).status_code == 422


def test_a_service_account_is_no_member_of_a_class(
    teacher: Client, at: Callable[[str], str], course: Course, dora: User
) -> None:
    make_service(dora, "lms", ["read"])
    answer = teacher.post(at("roster"), {"csv": "username\neve\nlms\n", "apply": True}, content_type=JSON)
    assert problem(answer)["errors"] == {"username": "no person but a service account: lms"}
    assert set(roles(course)) == {"alice", "ann", "bob"}


def test_who_is_no_member_is_not_found(teacher: Client, at: Callable[[str], str]) -> None:
    assert teacher.patch(at("members/nobody"), {"role": "student"}, content_type=JSON).status_code == 404
    assert teacher.delete(at("members/nobody")).status_code == 404


def test_a_list_is_first_shown_and_then_applied(
    teacher: Client, at: Callable[[str], str], course: Course, alice: User
) -> None:
    body = {"csv": "username;role;credits\nalice;;7,5\nann;assistant;\neve;student;2\n"}
    shown = teacher.post(at("roster"), body, content_type=JSON).json()
    assert shown == {
        "applied": False,
        "added": [{"username": "eve", "role": "student", "credits": "2"}],
        "changed": [
            {"username": "alice", "role": "student", "credits": "7.5"},
            {"username": "ann", "role": "assistant", "credits": None},
        ],
        "unchanged": 0,
        "removed": [],
        "clusters_of_removed": [],
    }
    assert "eve" not in roles(course)
    assert teacher.post(at("roster"), {**body, "apply": True}, content_type=JSON).json() == {**shown, "applied": True}
    assert roles(course) == {"alice": "student", "ann": "assistant", "bob": "teacher", "eve": "student"}
    assert limits_for(course, alice).credits == 7.5
    again = teacher.post(at("roster"), {**body, "apply": True}, content_type=JSON).json()
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 3)
    assert Entry.objects.filter(action="course.roster", actor="bob").count() == 1


def test_one_bad_line_keeps_the_whole_list_out(teacher: Client, at: Callable[[str], str], course: Course) -> None:
    body = {"csv": "username,role\neve,student\nfrank,boss\n", "apply": True}
    answer = teacher.post(at("roster"), body, content_type=JSON)
    assert answer.status_code == 422
    assert set(problem(answer)["errors"]) == {"csv.3"}
    assert "eve" not in roles(course)


def test_two_hundred_are_brought_with_as_many_queries_as_ten(
    teacher: Client, at: Callable[[str], str], course: Course, django_assert_max_num_queries: Any
) -> None:
    lines = "".join(f"student-{number},student,5\n" for number in range(200))
    with django_assert_max_num_queries(25):
        answer = teacher.post(
            at("roster"), {"csv": f"username,role,credits\n{lines}", "apply": True}, content_type=JSON
        )
    assert len(answer.json()["added"]) == 200
    with django_assert_max_num_queries(7):
        rows = teacher.get(f"{at('members')}?page_size=200").json()
    assert len(rows["results"]) == 200
    assert rows["next"]


def test_clusters_of_who_is_removed_are_shown_and_end_only_where_that_is_asked_for(
    teacher: Client, at: Callable[[str], str], course: Course, ready: Cluster
) -> None:
    shown = teacher.post(at("roster"), {"csv": "username\nann\n", "remove_others": True}, content_type=JSON).json()
    mine = {"id": str(ready.pk), "name": "ready", "owner": "alice", "status": "ready"}
    assert (shown["removed"], shown["clusters_of_removed"]) == (["alice"], [mine])
    assert teacher.delete(at("members/alice")).json()["clusters"] == [mine]
    ready.refresh_from_db()
    assert ready.target == "ready"
    teacher.post(at("members"), {"username": "alice"}, content_type=JSON)
    teacher.delete(at("members/alice") + "?end_clusters=true")
    ready.refresh_from_db()
    assert ready.target == "deleted"


def test_what_would_become_of_the_clusters_of_a_member_is_shown_before_they_are_removed(
    teacher: Client, api: Callable[[User], Client], at: Callable[[str], str], course: Course, ready: Cluster, ann: User,
    charlie: User,
) -> None:  # fmt: skip
    goes_on = teacher.delete(at("members/alice") + "?preview=true").json()
    assert [(row["username"], row["cluster"]) for row in goes_on["outcomes"]] == [("alice", str(ready.pk))]
    assert parse_datetime(goes_on["outcomes"][0]["ends_at"]) == ready.expires_at
    ends = teacher.delete(at("members/alice") + "?preview=true&end_clusters=true").json()
    assert (ends["would"], ends["outcomes"][0]["ends_at"]) == (1, ends["begins_at"])
    assert course.memberships.filter(user__username="alice").exists()
    ready.refresh_from_db()
    assert ready.target == "ready"
    assert teacher.delete(at("members/bob") + "?preview=true").status_code == 409
    assert teacher.delete(at("members/nobody") + "?preview=true").status_code == 404
    assert api(ann).delete(at("members/alice") + "?preview=true").status_code == 403
    assert api(charlie).delete(at("members/alice") + "?preview=true").status_code == 404


def test_who_was_removed_still_sees_and_ends_what_is_theirs(
    teacher: Client, api: Callable[[User], Client], alice: User, at: Callable[[str], str], ready: Cluster
) -> None:
    teacher.delete(at("members/alice"))
    client = api(alice)
    assert client.get(f"/api/v1/clusters/{ready.pk}").status_code == 200
    assert client.delete(f"/api/v1/clusters/{ready.pk}").status_code == 202


def test_the_roster_says_what_each_has_and_when_they_last_did_something(
    teacher: Client, at: Callable[[str], str], ready: Cluster, alice: User
) -> None:
    job = Job.objects.create(cluster=ready, owner=alice, application="flights.py")
    rows = {row["username"]: row for row in teacher.get(at("members")).json()["results"]}
    assert list(rows) == ["alice", "ann", "bob"]
    assert (rows["alice"]["clusters"], rows["ann"]["clusters"]) == (1, 0)
    assert rows["alice"]["active_at"] == job.created_at.isoformat().replace("+00:00", "Z")
    assert (rows["ann"]["active_at"], rows["ann"]["spent"], rows["ann"]["credits"]) == (None, "0.000000", None)
    Job.objects.all().delete()
    rows = {row["username"]: row for row in teacher.get(at("members")).json()["results"]}
    assert rows["alice"]["active_at"] == ready.created_at.isoformat().replace("+00:00", "Z")


@pytest.fixture
def group(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keystone's answer to the question who is in a group; tests/e2e/test_courses.py asks a real one."""
    own = Connection("http://127.0.0.1:9/v3", "provisioner", "p", {"user_domain_name": "Default"})
    settings.PROVISIONER = Provisioner(own, {"domain_name": "Default"})

    def members(name: str) -> list[str]:
        if name != "class-a":
            raise provisioner.NoSuchGroup(name)
        return ["alice", "eve"]

    monkeypatch.setattr(provisioner, "members_of_group", members)


def test_a_group_is_brought_as_a_list(teacher: Client, at: Callable[[str], str], course: Course, group: None) -> None:
    body = {"group": "class-a", "apply": True}
    assert [line["username"] for line in teacher.post(at("group"), body, content_type=JSON).json()["added"]] == ["eve"]
    assert roles(course)["eve"] == "student"
    answer = teacher.post(at("group"), {"group": "class-b"}, content_type=JSON)
    assert problem(answer)["errors"] == {"group": "there is no group 'class-b' in the cloud"}


def test_without_a_credential_that_may_read_groups_it_is_said(
    teacher: Client, at: Callable[[str], str], settings: Any
) -> None:
    settings.PROVISIONER = None
    assert "no credential" in problem(teacher.post(at("group"), {"group": "a"}, content_type=JSON))["detail"]


NONE = dict.fromkeys(["clusters", "nodes", "vcpus", "memory_gb", "hdfs_gb", "folder_gb", "hours", "credits"])


def test_limits_are_read_and_set_as_a_whole(teacher: Client, at: Callable[[str], str], course: Course) -> None:
    body = {"course": {**NONE, "vcpus": 100, "hours": 8}, "each_student": {**NONE, "credits": "12.500000"}}
    assert teacher.put(at("limits"), body, content_type=JSON).json() == {**body, "exceptions": [], "over": []}
    assert teacher.get(at("limits")).json()["each_student"]["clusters"] is None
    entries = {entry.after["whose"]: entry for entry in Entry.objects.filter(action="course.limits")}
    assert entries["course"].before == {"whose": "course", "hours": "12"}
    assert entries["course"].after == {"whose": "course", "hours": "8", "vcpus": "100"}
    assert entries["each student"].before == {"whose": "each student", "clusters": "4", "folder_gb": "20"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"course": {**NONE, "vcpus": -1}, "each_student": NONE}, {"course.vcpus"}),
        ({"course": NONE, "each_student": {**NONE, "hours": 0}}, {"each_student.hours"}),
        ({"course": NONE, "each_student": {**NONE, "nodes": 1.5}}, {"each_student.nodes"}),
        ({"course": NONE, "each_student": {**NONE, "disks": 1}}, {"each_student.disks"}),
        ({"course": {}, "each_student": NONE}, {f"course.{name}" for name in NONE}),
    ],
)
def test_wrong_limits_are_named(
    teacher: Client, at: Callable[[str], str], body: dict[str, Any], fields: set[str]
) -> None:
    answer = teacher.put(at("limits"), body, content_type=JSON)
    assert answer.status_code == 422
    assert set(problem(answer)["errors"]) == fields


def test_an_exception_names_only_what_is_different(
    teacher: Client, at: Callable[[str], str], course: Course, alice: User
) -> None:
    answer = teacher.put(at("limits/alice"), {"clusters": 9, "folder_gb": None}, content_type=JSON)
    assert answer.json()["exceptions"] == [{"username": "alice", "limits": {"clusters": 9, "folder_gb": None}}]
    assert (limits_for(course, alice).clusters, limits_for(course, alice).folder_gb) == (9, None)
    assert teacher.put(at("limits/bob"), {"clusters": 9}, content_type=JSON).status_code == 409
    assert teacher.put(at("limits/charlie"), {"clusters": 9}, content_type=JSON).status_code == 404
    assert teacher.delete(at("limits/alice")).status_code == 204
    assert teacher.delete(at("limits/alice")).status_code == 404
    assert limits_for(course, alice).clusters == 4


def test_a_lowered_limit_says_whose_figures_are_over(teacher: Client, at: Callable[[str], str], ready: Cluster) -> None:
    body = {"course": {**NONE, "nodes": 2}, "each_student": {**NONE, "clusters": 0}}
    assert teacher.put(at("limits"), body, content_type=JSON).json()["over"] == [
        {
            "username": None,
            "limit": "nodes",
            "detail": "2 nodes is the limit for all of Demo course together: 3 in use.",
        },
        {
            "username": "alice",
            "limit": "clusters",
            "detail": "0 clusters at once is the limit for one person in Demo course: 1 in use.",
        },
    ]
    ready.refresh_from_db()
    assert ready.is_live


def test_a_student_learns_nothing_of_the_others(
    api: Callable[[User], Client], alice: User, charlie: User, at: Callable[[str], str]
) -> None:
    for path in ("members", "limits"):
        assert api(alice).get(at(path)).status_code == 403
        assert api(charlie).get(at(path)).status_code == 404
    for path in ("roster", "group"):
        assert api(alice).post(at(path), {}, content_type=JSON).status_code == 403
        assert api(charlie).post(at(path), {}, content_type=JSON).status_code == 404
    assert Membership.objects.filter(course__name="demo").count() == 3
