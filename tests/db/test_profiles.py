"""Cluster profiles that a teacher curates, and what students may change of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.clusters import profiles
from portal.clusters import services as clusters
from portal.clusters.models import Cluster
from portal.courses.models import Course, Profile
from portal.trail.models import Entry
from tests.db.conftest import make_ready, problem

JSON = "application/json"
SMALL = {
    "name": "Exercise 1",
    "text": "Two small machines.",
    "spec": {"workers": 2, "flavor": "small", "hours": 3, "hdfs": {"storage": "volumes", "volume_gb": 10}},
    "may_change": ["hours"],
}


@pytest.fixture
def profile(bob: User, course: Course) -> Profile:
    return profiles.create(bob, course.pk, **SMALL)


def post(client: Client, course: Course, **body: Any) -> Any:
    return client.post("/api/v1/clusters", {"course": str(course.pk), "name": "mine", **body}, content_type=JSON)


def test_a_profile_is_all_that_a_student_needs_to_name(
    api: Callable[[User], Client], alice: User, course: Course, profile: Profile
) -> None:
    assert post(api(alice), course, profile=str(profile.pk)).status_code == 202
    spec = Cluster.objects.get().spec
    assert (spec["workers"], spec["flavor"], spec["hdfs"]["volume_gb"]) == (2, "small", 10)


def test_what_is_left_open_may_be_said_and_so_may_what_the_profile_says_itself(
    api: Callable[[User], Client], alice: User, course: Course, profile: Profile
) -> None:
    said = {"hours": 1, "workers": 2, "framework": "spark", "hdfs": SMALL["spec"]["hdfs"]}  # type: ignore[index]
    assert post(api(alice), course, profile=str(profile.pk), **said).status_code == 202


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"workers": 3}, "workers", "is fixed to 2 by the profile 'Exercise 1'"),
        ({"flavor": "medium"}, "flavor", "is fixed to 'small' by the profile"),
        ({"hdfs": {"storage": "root"}}, "hdfs", "is fixed to {"),
        ({"python_packages": ["scipy"]}, "python_packages", "is not left open by the profile"),
    ],
)
def test_a_locked_field_that_is_said_otherwise_is_refused_by_name(
    api: Callable[[User], Client],
    alice: User,
    course: Course,
    profile: Profile,
    said: dict[str, Any],
    field: str,
    words: str,
) -> None:
    answer = post(api(alice), course, profile=str(profile.pk), **said)
    assert answer.status_code == 422
    assert words in problem(answer)["errors"][field]
    assert not Cluster.objects.exists()


def test_whoever_leads_the_course_changes_what_they_like(
    api: Callable[[User], Client], bob: User, course: Course, profile: Profile
) -> None:
    assert post(api(bob), course, profile=str(profile.pk), workers=3).status_code == 202


@pytest.mark.parametrize("named", ["00000000-0000-4000-8000-000000000000", "Exercise 1"])
def test_a_profile_of_another_course_is_none(
    api: Callable[[User], Client], alice: User, course: Course, named: str
) -> None:
    assert "no such profile" in problem(post(api(alice), course, profile=named))["errors"]["profile"]


def test_without_a_profile_a_request_names_all_that_it_needs(
    api: Callable[[User], Client], alice: User, course: Course
) -> None:
    answer = post(api(alice), course, workers=2)
    assert problem(answer)["errors"] == {"flavor": "This field is required.", "hours": "This field is required."}


def test_a_course_may_have_its_students_create_from_profiles_only(
    api: Callable[[User], Client], alice: User, bob: User, course: Course, profile: Profile
) -> None:
    api(bob).patch(f"/api/v1/courses/{course.pk}", {"profiles_only": True}, content_type=JSON)
    free = {"workers": 1, "flavor": "small", "hours": 1}
    answer = post(api(alice), course, **free)
    assert f"Exercise 1 ({profile.pk})" in problem(answer)["errors"]["profile"]
    assert post(api(bob), course, **free).status_code == 202
    assert post(api(alice), course, profile=str(profile.pk)).status_code == 202


def test_a_teacher_may_give_a_student_another_one_than_profiles_leave_to_them(
    alice: User, bob: User, course: Course, profile: Profile
) -> None:
    Course.objects.update(profiles_only=True)
    wish = profiles.wish_from(profile, "of the class")
    assert clusters.create(alice, wish, actor=bob).owner == alice


def test_a_teacher_makes_changes_and_deletes_one(api: Callable[[User], Client], bob: User, course: Course) -> None:
    client, url = api(bob), f"/api/v1/courses/{course.pk}/profiles"
    made = client.post(url, SMALL, content_type=JSON)
    assert made.status_code == 201
    mine = f"{url}/{made.json()['id']}"
    assert client.get(mine).json() == {"id": made.json()["id"], **SMALL}
    changed = client.patch(mine, {"may_change": ["flavor", "workers"]}, content_type=JSON).json()
    assert changed["may_change"] == ["workers", "flavor"]
    assert [row["name"] for row in client.get(url).json()["results"]] == ["Exercise 1"]
    assert client.post(url, SMALL, content_type=JSON).status_code == 409
    assert client.delete(mine).status_code == 204
    assert client.get(mine).status_code == 404
    entries = Entry.objects.filter(action__startswith="profile.").order_by("id")
    assert [entry.action for entry in entries] == ["profile.create", "profile.change", "profile.delete"]
    assert (entries[1].before, entries[1].after) == (
        {"may_change": ["hours"]}, {"may_change": ["workers", "flavor"]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": " "}, {"name"}),
        ({"name": "a\nb", "text": "x" * 2001}, {"name", "text"}),
        ({"spec": {"workers": "two", "flavor": 1, "hours": True}}, {"spec.workers", "spec.flavor", "spec.hours"}),
        ({"spec": {"flavor": "small"}}, {"spec.workers", "spec.hours"}),
        ({"spec": {**SMALL["spec"], "flavor": "huge", "workers": 0}}, {"spec.flavor", "spec.workers"}),  # type: ignore[dict-item]
        ({"spec": {**SMALL["spec"], "hdfs": {"storage": "tape"}}}, {"spec.hdfs.storage"}),  # type: ignore[dict-item]
        ({"spec": {**SMALL["spec"], "folders": []}}, {"spec.folders"}),  # type: ignore[dict-item]
        ({"spec": {**SMALL["spec"], "owner": "me"}}, {"spec.owner"}),  # type: ignore[dict-item]
        ({"may_change": ["hours", "owner"]}, {"may_change.owner"}),
        ({"spec": []}, {"spec"}),
    ],
)
def test_a_wrong_profile_is_refused_where_it_is_written_and_not_where_it_is_used(
    api: Callable[[User], Client], bob: User, course: Course, changes: dict[str, Any], fields: set[str]
) -> None:
    answer = api(bob).post(f"/api/v1/courses/{course.pk}/profiles", {**SMALL, **changes}, content_type=JSON)
    assert answer.status_code == 422
    assert set(problem(answer)["errors"]) == fields


def test_students_read_profiles_and_change_none(
    api: Callable[[User], Client], alice: User, charlie: User, course: Course, profile: Profile
) -> None:
    url = f"/api/v1/courses/{course.pk}/profiles"
    assert api(alice).get(url).json()["results"][0]["name"] == "Exercise 1"
    for person, status in ((alice, 403), (charlie, 404)):
        client = api(person)
        assert client.post(url, SMALL, content_type=JSON).status_code == status
        assert client.patch(f"{url}/{profile.pk}", {"text": ""}, content_type=JSON).status_code == status
        assert client.delete(f"{url}/{profile.pk}").status_code == status
    assert api(charlie).get(url).status_code == 404


@pytest.fixture
def of_profile(alice: User, profile: Profile) -> Cluster:
    """Alice's, from a profile that leaves neither the workers nor the end to her."""
    profile.may_change = []
    profile.save()
    return make_ready(clusters.create(alice, profiles.wish_from(profile, "mine")))


def act(client: Client, cluster: Cluster, what: str, **body: Any) -> Any:
    return client.post(f"/api/v1/clusters/{cluster.pk}/{what}", body, content_type=JSON)


def unchanged(cluster: Cluster) -> bool:
    now = Cluster.objects.get(pk=cluster.pk)
    return (now.status, now.expires_at, now.nodes.count()) == ("ready", cluster.expires_at, 3)


@pytest.mark.parametrize(
    ("what", "body", "words", "way_out"),
    [
        ("resize", {"workers": 3}, "fixes its number of workers", "leave it open in the profile"),
        ("resize", {"workers": 1}, "fixes its number of workers", "leave it open in the profile"),
        ("resize", {"remove": ["worker-01"]}, "fixes its number of workers", "leave it open in the profile"),
        ("extend", {"hours": 1}, "fixes its end", "put it off for you"),
    ],
)
def test_what_a_profile_fixes_a_student_does_not_change_later_either(
    api: Callable[[User], Client], alice: User, of_profile: Cluster, what: str, body: Any, words: str, way_out: str
) -> None:
    said = act(api(alice), of_profile, what, **body)
    assert said.status_code == 403
    assert problem(said)["detail"] == f"This cluster is from the profile 'Exercise 1', which {words} for students."
    assert problem(said)["next"] == f"Ask a teacher of Demo course, who can {way_out}" + (
        "." if what == "extend" else ", for clusters that come."
    )
    assert unchanged(of_profile)


def test_what_a_profile_leaves_open_a_student_changes_later(
    api: Callable[[User], Client], alice: User, profile: Profile
) -> None:
    mine = make_ready(clusters.create(alice, profiles.wish_from(profile, "mine")))
    assert mine.locked == ["workers"]
    assert act(api(alice), mine, "extend", hours=1).status_code == 200
    assert act(api(alice), mine, "resize", workers=3).status_code == 403


def test_what_becomes_of_the_profile_later_is_nothing_to_the_cluster(
    api: Callable[[User], Client], alice: User, bob: User, course: Course, profile: Profile, of_profile: Cluster
) -> None:
    profiles.change(bob, course.pk, profile.pk, {"may_change": ["hours"], "name": "Other"})
    profiles.delete(bob, course.pk, profile.pk)
    said = act(api(alice), of_profile, "extend", hours=1)
    assert "'Exercise 1'" in problem(said)["detail"]


def test_whoever_leads_the_course_puts_off_the_end_that_a_profile_fixes_and_resizes_their_own(
    api: Callable[[User], Client], bob: User, profile: Profile, of_profile: Cluster
) -> None:
    assert act(api(bob), of_profile, "extend", hours=1).status_code == 200
    own = make_ready(clusters.create(bob, profiles.wish_from(profile, "of Bob")))
    assert own.locked == ["workers", "hours"]
    assert act(api(bob), own, "resize", workers=3).status_code == 202


def test_a_lost_worker_of_a_fixed_number_is_made_anew(
    api: Callable[[User], Client], alice: User, of_profile: Cluster
) -> None:
    of_profile.nodes.filter(name="worker-01").update(trouble="silent")
    assert act(api(alice), of_profile, "repair").status_code == 202


def test_the_page_offers_only_what_the_profile_leaves_open(
    browser: Callable[[User], Client], alice: User, bob: User, of_profile: Cluster
) -> None:
    client, where = browser(alice), f"/clusters/{of_profile.pk}"
    page = client.get(where).content.decode()
    assert f'action="{where}/resize"' not in page
    assert f'action="{where}/extend"' not in page
    assert f'action="{where}/repair"' in page
    assert "which fixes its number of workers for students." in page
    assert "which fixes its end for students." in page
    assert client.post(f"{where}/resize", {"workers": "3"}).status_code == 403
    assert client.post(f"{where}/extend", {"hours": "1"}).status_code == 403
    assert unchanged(of_profile)
    page = browser(bob).get(where).content.decode()
    assert f'action="{where}/extend"' in page
    assert "for students." not in page


def test_a_cluster_that_is_from_no_profile_offers_all(
    browser: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    page = browser(alice).get(f"/clusters/{ready.pk}").content.decode()
    assert f'action="/clusters/{ready.pk}/resize"' in page
    assert f'action="/clusters/{ready.pk}/extend"' in page


def test_a_start_for_a_class_whose_profile_was_deleted_meanwhile_still_begins(
    alice: User, bob: User, profile: Profile
) -> None:
    wish = profiles.wish_from(profile, "of the class")
    profile.delete()
    made = clusters.create(alice, wish, actor=bob)
    assert (made.profile, made.locked) == ("", [])
