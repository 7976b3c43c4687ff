"""Limits of a course and of its students, and what they keep people from."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from portal.accounts.models import User
from portal.cloud.findings import Promise
from portal.clusters import services as clusters
from portal.clusters.wishes import Wish
from portal.courses.limits import MOST_HOURS, Limits, hours_at_most, limits_for, limits_of, limits_of_both, promised
from portal.courses.models import Course, Limit, Profile
from portal.folders import services as folders
from portal.refusals import Invalid, LimitReached


def limit(course: Course, name: str, value: int | None, scope: str = "student", user: User | None = None) -> None:
    Limit.objects.update_or_create(course=course, scope=scope, user=user, name=name, defaults={"value": value})


def test_a_students_own_figure_wins_over_the_default_and_one_without_a_value_lifts_it(
    course: Course, alice: User, ann: User
) -> None:
    limit(course, "credits", 5)
    limit(course, "clusters", 9, user=alice)
    limit(course, "credits", None, user=alice)
    assert (limits_for(course, alice).clusters, limits_for(course, alice).credits) == (9, None)
    assert (limits_for(course, ann).clusters, limits_for(course, ann).credits) == (4, Decimal(5))


def test_who_leads_a_course_is_bound_by_the_courses_own_limits_only(course: Course, bob: User, dora: User) -> None:
    for leader in (bob, dora):
        assert limits_for(course, leader) == Limits(whose=limits_for(course, leader).whose)


def test_who_has_left_the_course_is_bound_as_a_student(course: Course, alice: User) -> None:
    course.memberships.filter(user=alice).delete()
    assert limits_for(course, alice).clusters == 4


def test_a_create_goes_by_the_same_limits_as_the_pages_show(
    course: Course, alice: User, ann: User, bob: User, dora: User
) -> None:
    limit(course, "credits", 5)
    limit(course, "clusters", 9, user=alice)
    limit(course, "credits", None, user=alice)
    Limit.objects.create(course=course, scope=Limit.Scope.COURSE, name="nodes", value=40)
    for person in (alice, ann, bob, dora):
        assert limits_of_both(course, person) == (limits_of(course), limits_for(course, person))
    course.memberships.filter(user=alice).delete()
    assert limits_of_both(course, alice) == (limits_of(course), limits_for(course, alice))


def test_hours_are_the_smaller_of_the_courses_and_the_students(course: Course, alice: User) -> None:
    assert hours_at_most(alice, [course]) == {course.pk: 12}
    limit(course, "hours", 6, user=alice)
    assert hours_at_most(alice, [course]) == {course.pk: 6}
    Limit.objects.all().delete()
    assert hours_at_most(alice, [course]) == {course.pk: MOST_HOURS}


def test_a_course_full_of_clusters_refuses_also_its_teacher(course: Course, alice: User, bob: User, wish: Wish) -> None:
    limit(course, "clusters", 1, "course")
    clusters.create(alice, wish)
    with pytest.raises(LimitReached, match="1 clusters at once is the limit for all of Demo course together"):
        clusters.create(bob, replace(wish, name="another"))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("nodes", 2, "2 nodes is the limit for one person in Demo course: 0 in use, 3 more asked for, room for 2 more"),
        ("vcpus", 2, "2 vCPUs"),
        ("memory_gb", 4, "4 GB of memory is the limit for one person in Demo course: 0 in use, 4.5 more asked for"),
        ("hdfs_gb", 7, "7 GB of HDFS is the limit for one person in Demo course: 0 in use, 8 more asked for"),
    ],
)
def test_each_figure_of_a_cluster_is_bounded(
    course: Course, alice: User, wish: Wish, name: str, value: int, words: str
) -> None:
    limit(course, name, value)
    with pytest.raises(LimitReached, match=words):
        clusters.create(alice, wish)
    limit(course, name, 9)
    assert clusters.create(alice, wish)


def test_a_lowered_limit_ends_nothing(course: Course, alice: User, wish: Wish) -> None:
    made = clusters.create(alice, wish)
    limit(course, "clusters", 0)
    made.refresh_from_db()
    assert made.is_live
    with pytest.raises(LimitReached, match="0 clusters at once is the limit for one person in Demo course: 1 in use"):
        clusters.create(alice, replace(wish, name="another"))


def test_folders_count_for_their_maker_and_for_the_course(course: Course, alice: User, bob: User) -> None:
    limit(course, "folder_gb", 25, "course")
    folders.create(alice, folders.FolderWish(str(course.pk), "mine", 20))
    with pytest.raises(LimitReached, match="room for 5 more"):
        folders.create(bob, folders.FolderWish(str(course.pk), "all", 6))
    folders.create(bob, folders.FolderWish(str(course.pk), "all", 5))


def test_a_wish_of_more_hours_than_a_student_has_is_refused(course: Course, alice: User, wish: Wish) -> None:
    limit(course, "hours", 3, user=alice)
    with pytest.raises(Invalid, match="hours: must be from 1 to 3"):
        clusters.create(alice, wish)


@pytest.mark.parametrize(
    "wrong",
    [{"value": -1}, {"scope": "course", "user": True}, {"name": "clusters"}],
    ids=["negative", "whose", "twice"],
)
def test_the_database_refuses_what_no_limit_can_be(course: Course, alice: User, wrong: dict[str, Any]) -> None:
    given = {"course": course, "scope": "student", "name": "nodes", "value": 1, **wrong}
    given["user"] = alice if wrong.get("user") else None
    with pytest.raises(IntegrityError), transaction.atomic():
        Limit.objects.create(**given)


def test_where_only_students_have_limits_the_cloud_is_compared_with_all_of_them_together(
    course: Course, ann: User
) -> None:
    for name, value in (("nodes", 5), ("hdfs_gb", 40)):
        limit(course, name, value)
    limit(course, "vcpus", 8, Limit.Scope.COURSE)
    limit(course, "nodes", 9, user=ann)
    found = promised(course)
    assert (found["instances"], found["cores"]) == (Promise(14, students=2), Promise(8))
    assert "GB of volumes" not in found
    spec = {"hdfs": {"storage": "volumes", "volume_gb": 10}}
    Profile.objects.create(course=course, name="on volumes", spec=spec)
    assert promised(course)["GB of volumes"] == Promise(80, students=2)
    Limit.objects.filter(user=ann).update(value=None)
    assert "instances" not in promised(course)
