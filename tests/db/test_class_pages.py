"""Classes by pages and by the API: who may, what is previewed, what is answered."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.accounts.models import User
from portal.classes import carrying_out, services
from portal.classes.models import ClassAction, Part
from portal.classes.services import StartWish
from portal.clusters import services as clusters
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import Wish
from portal.courses.models import Course, Membership, Profile, Role
from tests.db.conftest import problem
from tests.db.test_course_limits import limit


@pytest.fixture
def body() -> dict[str, Any]:
    return {
        "name": "lab", "workers": 1, "flavor": "small", "hours": 2,
        "ready_at": (timezone.now() + timedelta(days=1)).isoformat(),
    }  # fmt: skip


def post(client: Client, course: Course, where: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/courses/{course.pk}/{where}", body, content_type="application/json")


def test_a_start_is_planned_called_off_and_listed_by_the_api(
    api: Callable[[User], Client], course: Course, body: dict[str, Any], bob: User
) -> None:
    client = api(bob)
    made = post(client, course, "class-starts", body)
    assert made.status_code == 202
    said = made.json()
    assert said["parts"] == {"waiting": 0, "done": 0, "failed": 0, "refused": 0, "cancelled": 0}
    assert (said["kind"], said["actor"], said["for_all"], said["rows"]) == ("start", "bob", True, [])
    begins, ready = parse_datetime(said["begins_at"]), parse_datetime(said["ready_at"])
    assert begins
    assert ready
    assert begins < ready
    where = f"/api/v1/courses/{course.pk}/class-actions/{said['id']}"
    assert made.headers["Location"].endswith(where)
    assert client.get(where).json() == said
    listed = client.get(f"/api/v1/courses/{course.pk}/class-starts").json()["results"]
    assert [row["id"] for row in listed] == [said["id"]]
    assert client.delete(where).json()["ended_at"]


def test_who_did_not_get_one_is_named_with_the_reason(
    api: Callable[[User], Client], course: Course, body: dict[str, Any], bob: User
) -> None:
    limit(course, "clusters", 1, "course")
    client = api(bob)
    said = post(client, course, "class-starts", {**body, "ready_at": timezone.now().isoformat()}).json()
    carrying_out.carry_on()
    report = client.get(f"/api/v1/courses/{course.pk}/class-actions/{said['id']}").json()
    assert [(row["username"], row["state"]) for row in report["rows"]] == [("alice", "done"), ("ann", "refused")]
    assert report["rows"][0]["cluster"] == str(Cluster.objects.get().pk)
    assert "1 clusters at once is the limit" in report["rows"][1]["reason"]


def test_whose_cluster_the_cloud_failed_is_named_with_the_reason_and_not_counted_as_done(
    api: Callable[[User], Client], browser: Callable[[User], Client], course: Course, body: dict[str, Any], bob: User
) -> None:
    said = post(api(bob), course, "class-starts", {**body, "ready_at": timezone.now().isoformat()}).json()
    carrying_out.carry_on()
    failure = {"what": "A machine did not start.", "why": "No valid host was found.\nand more", "next": "Delete it."}
    Cluster.objects.filter(owner__username="ann").update(status=Status.FAILED, failure=failure)
    report = api(bob).get(f"/api/v1/courses/{course.pk}/class-actions/{said['id']}").json()
    assert report["parts"] == {"waiting": 0, "done": 1, "failed": 1, "refused": 0, "cancelled": 0}
    got, lost = report["rows"]
    assert (got["state"], got["status"], got["failure"], got["reason"]) == ("done", "creating", None, "")
    assert (lost["username"], lost["state"], lost["status"], lost["failure"]) == ("ann", "failed", "failed", failure)
    assert lost["reason"] == "A machine did not start. No valid host was found."
    # Whoever deletes what failed has not got one by that.
    Cluster.objects.filter(owner__username="ann").update(status=Status.DELETED)
    listed = api(bob).get(f"/api/v1/courses/{course.pk}/class-starts").json()["results"]
    assert (listed[0]["parts"]["done"], listed[0]["parts"]["failed"]) == (1, 1)
    page = browser(bob).get(f"/courses/{course.pk}/class/{said['id']}").content.decode()
    assert "<dt>Done</dt><dd>1</dd>" in page
    assert "<dt>Failed</dt><dd>1</dd>" in page
    assert "No valid host was found." in page


def test_previews_by_the_api_do_nothing(
    api: Callable[[User], Client], course: Course, body: dict[str, Any], ready: Cluster, bob: User
) -> None:
    limit(course, "clusters", 2, "course")
    client = api(bob)
    said = post(client, course, "class-starts", {**body, "preview": True})
    assert said.status_code == 200
    assert (said.json()["would"], said.json()["refused"]) == (1, 1)
    assert [row["username"] for row in said.json()["outcomes"] if row["reason"]] == ["ann"]
    end = post(client, course, "end-all", {"preview": True}).json()
    assert [row["cluster"] for row in end["outcomes"]] == [str(ready.pk)]
    assert not ClassAction.objects.exists()
    ready.refresh_from_db()
    assert ready.target == Status.READY


def test_all_end_by_the_api_where_the_name_is_typed(
    api: Callable[[User], Client], course: Course, ready: Cluster, bob: User
) -> None:
    client = api(bob)
    assert list(problem(post(client, course, "end-all", {"confirm": "Demo"}))["errors"]) == ["confirm"]
    assert post(client, course, "end-all", {"confirm": "demo"}).status_code == 202
    carrying_out.carry_on()
    ready.refresh_from_db()
    assert ready.target == Status.DELETED


def test_the_api_lists_all_that_was_begun_for_the_class_as_the_page_does(
    api: Callable[[User], Client], course: Course, ready: Cluster, planned: ClassAction, bob: User
) -> None:
    client, address = api(bob), f"/api/v1/courses/{course.pk}/class-actions"
    for where, body in (("extend-all", {"hours": 1}), ("end-all", {"confirm": "demo"})):
        assert post(client, course, where, body).status_code == 202
    listed = client.get(address).json()["results"]
    assert [row["kind"] for row in listed] == ["end", "extend", "start"]
    assert listed[-1]["id"] == str(planned.pk)
    assert [row["kind"] for row in client.get(f"{address}?kind=extend").json()["results"]] == ["extend"]
    assert list(problem(client.get(f"{address}?kind=begin"))["errors"]) == ["kind"]


def test_a_start_that_is_sent_twice_is_planned_once(
    api: Callable[[User], Client], course: Course, body: dict[str, Any], bob: User
) -> None:
    client, headers = api(bob), {"Idempotency-Key": "monday"}
    address = f"/api/v1/courses/{course.pk}/class-starts"
    answers = [client.post(address, body, content_type="application/json", headers=headers) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert ClassAction.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [({"workers": 0}, "workers"), ({"at_once": 0}, "at_once"), ({"students": ["x"]}, "students"),
     ({"ready_at": "monday"}, "ready_at"), ({"ready_at": "2020-01-01T10:00:00Z"}, "ready_at"), ({"x": 1}, "x"),
     ({"students": []}, "students"), ({"course": str(uuid.UUID(int=1))}, "course"), ({"hours": 0}, "hours")],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_its_name(
    change: dict[str, Any], field: str, api: Callable[[User], Client], course: Course, body: dict[str, Any], bob: User
) -> None:
    for preview in (True, False):
        said = problem(post(api(bob), course, "class-starts", {**body, **change, "preview": preview}))
        assert (said["status"], list(said["errors"])) == (422, [field])
    assert not ClassAction.objects.exists()


@pytest.fixture
def planned(wish: Wish, course: Course, bob: User) -> ClassAction:
    return services.plan_start(bob, course, StartWish(wish, timezone.now() + timedelta(days=1), 2))


ADDRESSES = ("", "/start", "/extend", "/end", "/{action}", "/{action}/cancel")


def test_only_those_who_lead_come_to_any_of_it(
    api: Callable[[User], Client], browser: Callable[[User], Client], course: Course, planned: ClassAction,
    ready: Cluster, alice: User, ann: User, bob: User, charlie: User, dora: User,
) -> None:  # fmt: skip
    Membership.objects.filter(user=ann).update(role=Role.ASSISTANT)
    for person, status in ((alice, 403), (charlie, 404)):
        for where in ("class-starts", "extend-all", "end-all"):
            assert post(api(person), course, where, {"confirm": "demo", "hours": 1}).status_code == status
        for where in ("class-starts", "class-actions"):
            assert api(person).get(f"/api/v1/courses/{course.pk}/{where}").status_code == status
        one = f"/api/v1/courses/{course.pk}/class-actions/{planned.pk}"
        assert (api(person).get(one).status_code, api(person).delete(one).status_code) == (status, status)
        for address in ADDRESSES:
            where = f"/courses/{course.pk}/class{address.format(action=planned.pk)}"
            method = browser(person).get if address in ("", "/{action}") else browser(person).post
            assert method(where).status_code == status, (person, where)
    planned.refresh_from_db()
    assert planned.ended_at is None
    assert ClassAction.objects.count() == 1
    for leader in (ann, bob, dora):
        assert api(leader).get(f"/api/v1/courses/{course.pk}/class-starts").status_code == 200
        assert browser(leader).get(f"/courses/{course.pk}/class").status_code == 200


def test_an_action_of_another_course_is_not_found_there(
    api: Callable[[User], Client], planned: ClassAction, dora: User
) -> None:
    other = Course.objects.get(name="other")
    assert api(dora).get(f"/api/v1/courses/{other.pk}/class-actions/{planned.pk}").status_code == 404


def form(**changes: str) -> dict[str, str]:
    when = timezone.now() + timedelta(days=1)
    return {
        "name": "lab", "workers": "1", "flavor": "small", "hours": "2", "at_once": "10", "students": "",
        "ready_at": f"{when:%Y-%m-%dT10:00}", **changes,
    }  # fmt: skip


def test_ten_o_clock_on_the_page_is_ten_o_clock_at_the_university(
    browser: Callable[[User], Client], course: Course, bob: User, settings: Any
) -> None:
    settings.UNIVERSITY_TIME_ZONE = "Asia/Shanghai"
    answer = browser(bob).post(f"/courses/{course.pk}/class/start", form())
    action = ClassAction.objects.get()
    assert answer.headers["Location"] == f"/courses/{course.pk}/class/{action.pk}"
    assert action.ready_at
    assert f"{action.ready_at:%H:%M}" == "02:00"


def test_the_form_takes_one_press_as_it_comes(browser: Callable[[User], Client], course: Course, bob: User) -> None:
    client = browser(bob)
    fields = client.get(f"/courses/{course.pk}/class").context["start"]
    filled = {field.name: field.value() for field in fields if field.value() is not None}
    filled["ready_at"] = f"{filled['ready_at']:%Y-%m-%dT%H:%M}"
    assert client.post(f"/courses/{course.pk}/class/start", filled).status_code == 302


def test_a_preview_is_shown_with_what_was_typed_and_nothing_is_planned(
    browser: Callable[[User], Client], course: Course, bob: User, ready: Cluster
) -> None:
    client = browser(bob)
    page = client.post(f"/courses/{course.pk}/class/start", form(students="ann\n", preview="1")).content.decode()
    assert "A preview: nothing was done." in page
    assert 'value="lab"' in page
    assert "gets a cluster" in page
    page = client.post(f"/courses/{course.pk}/class/end", {"preview": "1"}).content.decode()
    assert "ends now" in page
    assert not ClassAction.objects.exists()


def test_a_wrong_field_is_shown_at_its_place(browser: Callable[[User], Client], course: Course, bob: User) -> None:
    answer = browser(bob).post(f"/courses/{course.pk}/class/start", form(students="nobody", name="mine"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "no students of this course: nobody" in page
    assert 'value="mine"' in page
    answer = browser(bob).post(f"/courses/{course.pk}/class/end", {"confirm": "x"})
    assert (answer.status_code, "must be the course&#x27;s name, demo" in answer.content.decode()) == (422, True)


def test_the_page_of_an_action_shows_each_part_and_calls_off_what_waits(
    browser: Callable[[User], Client], course: Course, bob: User, wish: Wish
) -> None:
    action = services.plan_start(bob, course, StartWish(wish, timezone.now(), 2, at_once=1))
    carrying_out.carry_on()
    client, where = browser(bob), f"/courses/{course.pk}/class/{action.pk}"
    page = client.get(where).content.decode()
    assert f"/clusters/{Cluster.objects.get().pk}" in page
    assert "ann" in page
    assert client.post(f"{where}/cancel").headers["Location"] == where
    assert "Call off" not in client.get(where).content.decode()


def test_much_takes_as_many_queries_as_little(
    api: Callable[[User], Client], browser: Callable[[User], Client], course: Course, bob: User, body: dict[str, Any],
    planned: ClassAction, alice: User, wish: Wish,
) -> None:  # fmt: skip
    page, program = browser(bob), api(bob)

    def counts() -> list[int]:
        one = f"{course.pk}/class-actions/{planned.pk}"
        return [
            queries(lambda: page.get(f"/courses/{course.pk}/class")),
            queries(lambda: page.get(f"/courses/{course.pk}/class/{planned.pk}")),
            queries(lambda: program.get(f"/api/v1/courses/{course.pk}/class-starts")),
            queries(lambda: program.get(f"/api/v1/courses/{course.pk}/class-actions")),
            queries(lambda: program.get(f"/api/v1/courses/{one}")),
            queries(lambda: post(program, course, "class-starts", {**body, "preview": True})),
            queries(lambda: post(program, course, "extend-all", {"hours": 1, "preview": True})),
            queries(lambda: post(program, course, "end-all", {"preview": True})),
        ]

    Part.objects.create(action=planned, user=alice)
    clusters.create(alice, Wish(**{**wish.__dict__, "name": "one"}))
    counts()  # a token's last use is written once a minute
    before = [7, 6, 4, 4, 5, 19, 13, 4]
    assert counts() == before
    people = User.objects.bulk_create(User(username=f"s{number:03}") for number in range(30))
    Membership.objects.bulk_create(Membership(course=course, user=each, role=Role.STUDENT) for each in people)
    Part.objects.bulk_create(Part(action=planned, user=each) for each in people)
    for name, person in (("two", people[0]), ("three", people[1])):
        made = clusters.create(alice, Wish(**{**wish.__dict__, "name": name}))
        Cluster.objects.filter(pk=made.pk).update(failure={"what": "a", "why": "b", "next": "c"})
        Part.objects.filter(user=person).update(made=made, state="done")
    for _ in range(3):
        services.plan_start(bob, course, StartWish(wish, timezone.now() + timedelta(days=1), 2))
    assert counts() == before


def queries(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert ask().status_code == 200
    return len(captured)


def test_a_class_gets_what_a_profile_says(
    api: Callable[[User], Client], browser: Callable[[User], Client], course: Course, bob: User, body: dict[str, Any]
) -> None:
    spec = {"workers": 1, "flavor": "medium", "hours": 1, "settings": {"spark": {"spark.sql.shuffle.partitions": "9"}}}
    lab = Profile.objects.create(course=course, name="Laboratory", spec=spec)
    asked = {name: body[name] for name in ("name", "hours", "ready_at")}
    said = post(api(bob), course, "class-starts", {**asked, "profile": str(lab.pk)}).json()
    assert said["profile"] == "Laboratory"
    page = browser(bob).post(f"/courses/{course.pk}/class/start", form(profile=str(lab.pk), workers="7"))
    assert page.status_code == 302
    ClassAction.objects.update(begins_at=timezone.now())
    carrying_out.carry_on()
    made = Cluster.objects.all()
    assert {(each.workers, each.flavor) for each in made} == {(1, "medium")}
    assert all(each.spec["settings"] == spec["settings"] for each in made)
    wrong = problem(post(api(bob), course, "class-starts", {**asked, "profile": str(uuid.UUID(int=1))}))
    assert list(wrong["errors"]) == ["profile"]
