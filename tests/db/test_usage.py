"""What one may have in a course and has; exceptions and roles that are changed only as they were seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing import rates
from portal.accounts.models import User
from portal.clusters import services as clusters
from portal.clusters.wishes import Wish
from portal.courses import limit_changes
from portal.courses.models import Course, Limit
from portal.folders import services as folders
from tests.db.conftest import problem
from tests.db.test_credits import NOON, use

JSON = "application/json"


@pytest.fixture
def at(course: Course) -> Callable[[str], str]:
    return lambda path: f"/api/v1/courses/{course.pk}/{path}"


def test_a_student_sees_what_is_used_of_what_they_may_have_and_nothing_of_the_course(
    api: Callable[[User], Client], at: Callable[[str], str], course: Course, alice: User, bob: User, wish: Wish
) -> None:
    Limit.objects.create(course=course, scope="student", user=alice, name="credits", value=20)
    clusters.create(alice, wish)
    clusters.create(bob, replace(wish, name="lecture"))
    folders.create(alice, folders.FolderWish(str(course.pk), "mine", 3))
    rates.introduce("node", "small", Decimal(2), NOON - timedelta(days=60))
    use(course.pk, "alice", 1)
    answer = api(alice).get(at("usage"))
    assert (answer.status_code, answer.json()["course"]) == (200, None)
    mine = answer.json()["mine"]
    assert (mine["limits"]["clusters"], mine["limits"]["vcpus"], mine["limits"]["credits"]) == (4, None, "20.000000")
    assert mine["used"] == {
        "clusters": 1, "nodes": 3, "vcpus": 3, "memory_gb": 4.5, "hdfs_gb": 8, "folder_gb": 3, "credits": "2.000000",
    }  # fmt: skip


def test_who_leads_a_course_sees_what_all_of_it_uses(
    api: Callable[[User], Client], at: Callable[[str], str], course: Course, alice: User, bob: User, wish: Wish
) -> None:
    Limit.objects.create(course=course, scope="course", name="clusters", value=50)
    clusters.create(alice, wish)
    clusters.create(bob, replace(wish, name="lecture"))
    whole = api(bob).get(at("usage")).json()["course"]
    assert (whole["limits"]["clusters"], whole["used"]["clusters"], whole["used"]["nodes"]) == (50, 2, 6)


def test_an_outsider_learns_of_no_course(
    api: Callable[[User], Client], at: Callable[[str], str], charlie: User
) -> None:
    for path in ("usage", "members/ann", "limits/ann"):
        assert api(charlie).get(at(path)).status_code == 404


def test_clusters_come_and_go_and_the_limits_are_still_as_they_were_seen(
    api: Callable[[User], Client], at: Callable[[str], str], alice: User, bob: User, wish: Wish
) -> None:
    seen = api(bob).get(at("limits"))
    clusters.create(alice, wish)
    both = {name: seen.json()[name] for name in ("course", "each_student")}
    headers = {"If-Match": seen.headers["ETag"]}
    assert api(bob).put(at("limits"), both, content_type=JSON, headers=headers).status_code == 200


def test_of_two_teachers_who_saw_the_same_exceptions_one_sets_them(
    api: Callable[[User], Client], at: Callable[[str], str], course: Course, bob: User, ann: User
) -> None:
    client = api(bob)
    seen = client.get(at("limits/ann"))
    assert seen.json() == {"username": "ann", "limits": {}}
    sent: Any = {"content_type": JSON, "headers": {"If-Match": seen.headers["ETag"]}}
    first = client.put(at("limits/ann"), {"nodes": 9, "credits": "2.5"}, **sent)
    second = client.put(at("limits/ann"), {"clusters": 7}, **sent)
    assert (first.status_code, second.status_code) == (200, 412)
    assert problem(second)["type"].endswith("changed-meanwhile")
    assert client.delete(at("limits/ann"), headers={"If-Match": seen.headers["ETag"]}).status_code == 412
    now = client.get(at("limits/ann"))
    assert now.json() == {"username": "ann", "limits": {"credits": "2.500000", "nodes": 9}}
    assert client.delete(at("limits/ann"), headers={"If-Match": now.headers["ETag"]}).status_code == 204


def test_exceptions_of_who_has_left_are_still_shown(
    api: Callable[[User], Client], at: Callable[[str], str], course: Course, bob: User, ann: User
) -> None:
    limit_changes.set_exception(bob, course.pk, "ann", {"nodes": 9})
    course.memberships.filter(user=ann).delete()
    assert api(bob).get(at("limits/ann")).json()["limits"] == {"nodes": 9}
    assert api(bob).get(at("members/ann")).status_code == 404


@pytest.mark.parametrize("act", ["patch", "delete"])
def test_a_member_who_has_another_role_by_now_is_left_alone(
    act: str, api: Callable[[User], Client], at: Callable[[str], str], course: Course, bob: User
) -> None:
    client = api(bob)
    seen = client.get(at("members/ann"))
    assert seen.json() == {"username": "ann", "role": "student"}
    client.patch(at("members/ann"), {"role": "assistant"}, content_type=JSON)

    def change(etag: str) -> Any:
        send = getattr(client, act)
        return send(at("members/ann"), {"role": "teacher"}, content_type=JSON, headers={"If-Match": etag})

    assert change(seen.headers["ETag"]).status_code == 412
    assert course.memberships.get(user__username="ann").role == "assistant"
    assert change(client.get(at("members/ann")).headers["ETag"]).status_code == 200
