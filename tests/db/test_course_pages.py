"""The pages about courses: all that a teacher does there, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.accounts.models import User
from portal.cloud import provisioner
from portal.clusters import profiles
from portal.clusters.models import Cluster
from portal.courses.limits import default_limits, limits_for, limits_of
from portal.courses.models import Course, Profile
from tests.db.test_courses import provisioner as may_make_projects
from tests.db.test_profiles import SMALL

__all__ = ["may_make_projects"]


@pytest.fixture
def teacher(browser: Callable[[User], Client], bob: User) -> Client:
    return browser(bob)


@pytest.fixture
def at(course: Course) -> Callable[[str], str]:
    return lambda path="": f"/courses/{course.pk}{path}"


def text(answer: Any, status: int = 200) -> str:
    """What a person reads."""
    assert answer.status_code == status, answer
    plain = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(plain.split())


def roles(course: Course) -> dict[str, str]:
    return dict(course.memberships.values_list("user__username", "role"))


def test_the_list_has_ones_courses_and_the_form_only_who_may_make_one(
    browser: Callable[[User], Client], alice: User, dora: User
) -> None:
    said = text(browser(alice).get("/courses"))
    assert "Demo course" in said
    assert "Other course" not in said
    assert "Make a course" not in said
    said = text(browser(dora).get("/courses"))
    assert "Other course" in said
    assert "Make a course" in said
    assert "Who may make courses" in said


def test_an_administrator_appoints_somebody_who_then_makes_a_course(
    may_make_projects: None, browser: Callable[[User], Client], dora: User, bob: User
) -> None:
    assert "Beside administrators: bob." in text(
        browser(dora).post("/courses/appoint", {"username": "bob"}, follow=True)
    )
    assert "Nobody called" in text(browser(dora).post("/courses/appoint", {"username": "nobody"}, follow=True))
    client = browser(User.objects.get(pk=bob.pk))
    wrong = {"name": "Big Data", "title": "Big data", "starts_on": "2026-09-01", "ends_on": "2026-08-01"}
    said = text(client.post("/courses/make", wrong), 422)
    assert "must be 1 to 60 small letters" in said
    assert "must not be before the course starts" in said
    made = client.post("/courses/make", {**wrong, "name": "big-data", "ends_on": "2027-01-31"}, follow=True)
    assert "Big data Being made" in text(made)
    browser(dora).post("/courses/appoint", {"remove": "bob"})
    assert client.post("/courses/make", {"name": "another", "title": "Another"}).status_code == 403


def test_a_student_sees_what_they_may_have_and_nothing_of_others(
    browser: Callable[[User], Client], alice: User, ready: Cluster, at: Callable[..., str]
) -> None:
    said = text(browser(alice).get(at()))
    assert "clusters at once 1 4" in said
    assert "GB of memory 4.5 no limit" in said
    for hidden in ("What all may have together", "Roster", "Archive"):
        assert hidden not in said
    for path in ("/roster", "/limits"):
        assert browser(alice).get(at(path)).status_code == 403


def test_title_and_dates_are_changed_and_faults_shown_at_their_fields(
    teacher: Client, at: Callable[..., str], course: Course
) -> None:
    sent = {"title": "A better title", "starts_on": "2026-09-01", "ends_on": "2027-02-28"}
    assert "A better title" in text(teacher.post(at("/change"), sent, follow=True))
    said = text(teacher.post(at("/change"), {**sent, "ends_on": "2026-01-01"}), 422)
    assert "must not be before the course starts" in said


def test_idling_is_set_by_the_clock_of_the_university(
    teacher: Client, at: Callable[..., str], course: Course, settings: Any
) -> None:
    settings.UNIVERSITY_TIME_ZONE = "Asia/Shanghai"
    sent = {"title": course.title, "idle_minutes": "45", "idle_off_until": "2026-12-01T18:00"}
    page = teacher.post(at("/change"), sent, follow=True).content.decode()
    assert 'value="2026-12-01T18:00"' in page
    course.refresh_from_db()
    assert (course.idle_minutes, course.idle_off_until) == (45, datetime(2026, 12, 1, 10, tzinfo=UTC))
    assert "must be from 15" in text(teacher.post(at("/change"), {**sent, "idle_minutes": "5"}), 422)
    teacher.post(at("/change"), {"title": course.title})
    course.refresh_from_db()
    assert (course.idle_minutes, course.idle_off_until) == (None, None)


def test_archiving_asks_for_the_short_name(teacher: Client, at: Callable[..., str], course: Course) -> None:
    said = text(teacher.post(at("/archive"), {"confirm": "Demo course", "keep_folders_days": 3}), 422)
    assert "must be the course&#x27;s name, demo" in said
    said = text(teacher.post(at("/archive"), {"confirm": "demo", "keep_folders_days": 3}, follow=True))
    assert "Demo course Archived" in said
    assert "Change title, dates and idling" not in said


def test_the_clusters_that_end_with_a_course_are_named_before_the_button(
    teacher: Client, browser: Callable[[User], Client], at: Callable[..., str], ready: Cluster, alice: User
) -> None:
    said = text(teacher.get(at()))
    before, _, _ = said.partition("Archive Demo course")
    assert "1 cluster would end now: ready of alice, ready" in before
    assert "would end now" not in text(browser(alice).get(at()))


def test_the_roster_shows_spend_clusters_and_last_activity(
    teacher: Client, at: Callable[..., str], ready: Cluster
) -> None:
    said = text(teacher.get(at("/roster")))
    assert re.search(r"alice Student 0\.00 1 \d+ \w+ \d\d:\d\d UTC ann Student 0\.00 0 never bob Teacher", said)


def test_a_list_is_shown_before_it_changes_anything(teacher: Client, at: Callable[..., str], course: Course) -> None:
    file = SimpleUploadedFile(
        "class.csv", b"\xef\xbb\xbfusername;role;credits\r\nalice;assistant;\r\neve;student;2,5\r\n"
    )
    shown = teacher.post(at("/roster/import"), {"file": file, "remove_others": "on"})
    said = text(shown)
    assert "1 added, 1 changed, 1 removed, 0 as they are" in said
    assert roles(course) == {"alice": "student", "ann": "student", "bob": "teacher"}
    kept = re.search(r'name="csv" value="([^"]*)"', shown.content.decode())
    assert kept
    sent = {"csv": kept[1].replace("&quot;", '"'), "remove_others": "on", "apply": "on"}
    assert "1 added, 1 changed, 1 removed." in text(teacher.post(at("/roster/import"), sent, follow=True))
    assert roles(course) == {"alice": "assistant", "bob": "teacher", "eve": "student"}


def test_bad_lines_are_named_and_nothing_is_imported(teacher: Client, at: Callable[..., str], course: Course) -> None:
    file = SimpleUploadedFile("class.csv", b"username,role\neve,student\nfrank,boss\n,student\n")
    said = text(teacher.post(at("/roster/import"), {"file": file}), 422)
    assert "Line 3: the role &#x27;boss&#x27; is unknown" in said
    assert "Line 4: has no username" in said
    assert "eve" not in roles(course)
    latin = SimpleUploadedFile("class.csv", "username\nJosé\n".encode("cp1252"))
    assert "CSV UTF-8" in text(teacher.post(at("/roster/import"), {"file": latin}), 422)
    assert "has no line" in text(teacher.post(at("/roster/import"), {"csv": "username\n"}), 422)


def test_a_group_is_shown_as_a_list(
    may_make_projects: None,
    monkeypatch: pytest.MonkeyPatch,
    teacher: Client,
    at: Callable[..., str],
    course: Course,
) -> None:
    monkeypatch.setattr(provisioner, "members_of_group", lambda name: ["ann", 'e"v,e'])
    shown = teacher.post(at("/roster/group"), {"group": "class-a", "role": "student"})
    assert "1 added, 0 changed, 0 removed, 1 as they are" in text(shown)


def test_one_is_added_given_another_role_and_removed_with_their_clusters(
    teacher: Client, at: Callable[..., str], course: Course, ready: Cluster
) -> None:
    teacher.post(at("/roster/add"), {"username": "eve", "role": "student"})
    teacher.post(at("/roster/of/eve"), {"role": "assistant"})
    assert roles(course)["eve"] == "assistant"
    assert "cannot change your own place" in text(teacher.post(at("/roster/of/bob"), {"remove": "on"}, follow=True))
    said = text(teacher.get(at("/roster/of/alice")))
    assert "These clusters are theirs" in said
    assert "ready of alice, ready, ends" in said
    teacher.post(at("/roster/of/alice"), {"remove": "on", "end_clusters": "on"})
    assert "alice" not in roles(course)
    ready.refresh_from_db()
    assert ready.target == "deleted"


def test_limits_are_set_with_both_forms_at_once(teacher: Client, at: Callable[..., str], course: Course) -> None:
    sent = {"course-nodes": "40", "course-hours": "6", "each-clusters": "2", "each-credits": "12.5"}
    assert "The limits are set" in text(teacher.post(at("/limits/change"), sent, follow=True))
    assert (limits_of(course).nodes, limits_of(course).hours, limits_of(course).vcpus) == (40, 6, None)
    assert (default_limits(course).clusters, default_limits(course).credits) == (2, 12.5)
    said = text(teacher.post(at("/limits/change"), {"course-nodes": "-1", "each-hours": "0"}), 422)
    assert said.count("must be from") == 2
    assert limits_of(course).nodes == 40


def test_one_student_has_another_limit_and_then_the_others(
    teacher: Client, at: Callable[..., str], course: Course, alice: User
) -> None:
    for name, value in (("clusters", "9"), ("folder_gb", "")):
        teacher.post(at("/limits/except"), {"username": "alice", "name": name, "value": value})
    assert (limits_for(course, alice).clusters, limits_for(course, alice).folder_gb) == (9, None)
    assert "9 clusters at once; no limit on GB of folders" in text(teacher.get(at("/limits")))
    wrong = {"username": "nobody", "name": "clusters", "value": "1"}
    assert "is not in this course" in text(teacher.post(at("/limits/except"), wrong), 422)
    teacher.post(at("/limits/as-others"), {"username": "alice"})
    assert limits_for(course, alice).clusters == 4


def test_what_is_over_is_said_where_limits_are_set(teacher: Client, at: Callable[..., str], ready: Cluster) -> None:
    teacher.post(at("/limits/change"), {"each-clusters": "0"})
    for path in ("", "/limits"):
        assert "alice: 0 clusters at once is the limit" in text(teacher.get(at(path)))


FORM = {"name": "Exercise 1", "text": "Small.", "framework": "spark", "workers": "2", "flavor": "small", "hours": "3"}


def test_a_profile_is_made_changed_and_deleted(teacher: Client, at: Callable[..., str], course: Course) -> None:
    made = {**FORM, "hdfs.storage": "volumes", "hdfs.volume_gb": "10", "may_change": ["hours", "workers"]}
    assert "Exercise 1 Small. 2 small" in text(teacher.post(at("/profiles/make"), made, follow=True))
    profile = Profile.objects.get()
    assert profile.spec == {
        "framework": "spark", "workers": 2, "flavor": "small", "hours": 3,
        "hdfs": {"storage": "volumes", "volume_gb": 10},
    }  # fmt: skip
    page = teacher.get(at(f"/profiles/{profile.pk}")).content.decode()
    assert 'value="volumes" selected' in page
    assert re.search(r'value="workers"[^>]* checked', page)
    assert "Enter a whole number" in text(teacher.post(at(f"/profiles/{profile.pk}"), {**FORM, "workers": "x"}), 422)
    assert "must be a whole number from 1" in text(
        teacher.post(at(f"/profiles/{profile.pk}"), {**FORM, "workers": "0"}), 422
    )
    teacher.post(at(f"/profiles/{profile.pk}"), {**FORM, "workers": "5"})
    profile.refresh_from_db()
    assert (profile.spec["workers"], profile.may_change) == (5, [])
    teacher.post(at(f"/profiles/{profile.pk}/delete"))
    assert not Profile.objects.exists()


def test_the_create_page_offers_profiles_and_fixes_what_they_fix(
    browser: Callable[[User], Client], alice: User, bob: User, course: Course
) -> None:
    profile = profiles.create(bob, course.pk, **SMALL)
    client = browser(alice)
    assert f"?profile={profile.pk}" in client.get("/").content.decode()
    page = client.get(f"/?profile={profile.pk}").content.decode()
    assert re.search(r'name="workers" value="2"[^>]* disabled', page)
    assert not re.search(r'name="hours"[^>]* disabled', page)
    # A browser sends nothing of fields that are fixed.
    sent = {"profile": str(profile.pk), "course": str(course.pk), "name": "mine", "hours": "1", "workers": "7"}
    assert client.post("/clusters/create", sent).status_code == 302
    cluster = Cluster.objects.get()
    assert (cluster.workers, cluster.spec["hdfs"]["volume_gb"]) == (2, 10)
    assert client.get("/?profile=nonsense").status_code == 200


def test_in_a_course_of_profiles_only_the_free_form_is_refused_with_their_names(
    browser: Callable[[User], Client], alice: User, bob: User, course: Course
) -> None:
    profiles.create(bob, course.pk, **SMALL)
    Course.objects.filter(pk=course.pk).update(profiles_only=True)
    sent = {"course": str(course.pk), "name": "mine", "framework": "spark", "workers": 1, "flavor": "small", "hours": 1}
    said = text(browser(alice).post("/clusters/create", sent), 422)
    assert "create clusters from its profiles: Exercise 1" in said
