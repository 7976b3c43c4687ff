"""Importing courses and rosters."""

from __future__ import annotations

from typing import Any

from portal.accounts.models import User
from portal.courses.importing import import_roster
from portal.courses.limits import default_limits, limits_of
from portal.courses.models import Course, Membership


def roster(*members: tuple[str, str], administrators: tuple[str, ...] = ()) -> dict[str, Any]:
    listed = [{"username": name, "role": role} for name, role in members]
    course = {"name": "demo", "title": "Demo course", "project": "p1", "clusters_each": 4, "members": listed}
    return {"courses": [course], "administrators": list(administrators)}


def members() -> dict[str, str]:
    return dict(Membership.objects.filter(course__name="demo").values_list("user__username", "role"))


def test_repeating_it_changes_nothing() -> None:
    for _ in range(2):
        import_roster(roster(("alice", "student"), ("eve", "teacher"), administrators=("dora",)))
    assert members() == {"alice": "student", "eve": "teacher"}
    assert list(User.objects.filter(is_administrator=True).values_list("username", flat=True)) == ["dora"]


def test_who_is_not_named_any_more_belongs_no_more() -> None:
    import_roster(roster(("alice", "teacher")))
    assert members() == {"alice": "teacher"}
    assert not User.objects.filter(is_administrator=True).exists()
    assert Membership.objects.filter(user__username="charlie").exists()  # of a course that was not named


def test_courses_that_are_there_may_be_left_as_their_teachers_made_them() -> None:
    document = {**roster(("eve", "teacher")), "keep_existing": True}
    document["courses"][0] |= {"title": "Another title", "project": "p9", "clusters_each": 99}
    import_roster(document)
    course = Course.objects.get(name="demo")
    assert (course.title, course.project_id, default_limits(course).clusters) == ("Demo course", "p9", 4)
    assert members() == {"alice": "student", "ann": "student", "bob": "teacher"}
    assert User.objects.filter(username="dora", is_administrator=True).exists()


def test_a_courses_limits_are_what_the_document_says_and_stay_where_it_is_silent() -> None:
    document = roster(("alice", "student"))
    document["courses"][0] |= {"hours_at_most": 6, "folder_gb_each": 50}
    import_roster(document)
    import_roster(roster(("alice", "student")))
    course = Course.objects.get(name="demo")
    assert limits_of(course).hours == 6
    assert (default_limits(course).folder_gb, default_limits(course).clusters) == (50, 4)
