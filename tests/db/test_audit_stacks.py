"""The stacks of all courses as administrators see them, with a Heat whose answers are recorded."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import Meter
from portal.accounts.models import User
from portal.audit import stacks
from portal.cloud import sessions
from portal.cloud.stacks import heat_of
from portal.clusters import services as clusters
from portal.clusters.models import Cluster
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from tests.db.conftest import make_ready, problem
from tests.recorded_cloud import Answer, RecordedCloud, recorded_cloud

LIST = "orchestration /stacks?show_hidden=True"
STRANGER = {
    "id": "5e1f0000-0000-4000-8000-000000000001", "stack_name": "web", "stack_status": "CREATE_COMPLETE",
    "stack_status_reason": "", "tags": None, "creation_time": "2026-11-20T10:00:00Z", "updated_time": None,
}  # fmt: skip
TEMPLATE = {
    "heat_template_version": "2021-04-16",
    "parameters": {"cluster_secret": {"type": "string", "hidden": True}},
    "resources": {"worker-01": {"type": "OS::Nova::Server", "properties": {"admin_pass": "hunter2"}}},
}


def listed(cluster: Cluster, **changes: Any) -> dict[str, Any]:
    """The cluster's stack as Heat lists it."""
    return {
        "id": cluster.stack_id, "stack_name": cluster.stack_name, "stack_status": "CREATE_COMPLETE",
        "stack_status_reason": "Stack CREATE completed successfully",
        "tags": ["slipway", "slipway-generation-1", f"slipway-nodes-{cluster.nodes.count()}"],
        "creation_time": "2026-11-20T10:00:00Z", "updated_time": None, **changes,
    }  # fmt: skip


def charged(cluster: Cluster) -> None:
    """Has a stack, and what the ledger has of a cluster that runs."""
    cluster.stack_id, cluster.ready_at = str(uuid.uuid4()), timezone.now() - timedelta(hours=1)
    cluster.save()
    for node in cluster.nodes.all():
        Meter.objects.create(
            resource=f"{cluster.pk}/{node.name}", subject=cluster.pk, kind=Meter.Kind.NODE, name="small",
            course=cluster.course.name, person=cluster.owner.username, began_at=timezone.now(),
        )  # fmt: skip


@pytest.fixture
def heat(settings: Any) -> Iterator[RecordedCloud]:
    """Each course has a project of its own in it, and no stack yet."""
    with recorded_cloud({LIST: (200, {"stacks": []})}) as cloud:
        settings.CLOUD = cloud.connection
        for course in Course.objects.all():
            Course.objects.filter(pk=course.pk).update(project_id=uuid.uuid4().hex)
        yield cloud
    sessions.for_project.cache_clear()
    heat_of.cache_clear()


def says(heat: RecordedCloud, path: str, by_course: Mapping[str, Answer], otherwise: Answer) -> None:
    """Lets Heat answer each course's project in its own way."""
    answers = {Course.objects.get(name=name).project_id: answer for name, answer in by_course.items()}
    heat.answers[f"orchestration {path}"] = lambda headers: answers.get(headers["X-Auth-Token"], otherwise)


@pytest.fixture
def running(ready: Cluster) -> Cluster:
    charged(ready)
    return ready


def lists(heat: RecordedCloud, *stacks: dict[str, Any]) -> None:
    says(heat, "/stacks?show_hidden=True", {"demo": (200, {"stacks": list(stacks)})}, (200, {"stacks": []}))


def test_all_agree(heat: RecordedCloud, api: Callable[[User], Client], running: Cluster, dora: User) -> None:
    lists(heat, listed(running))
    answer = api(dora).get("/api/v1/admin/stacks").json()
    assert (answer["unanswered"], answer["next"]) == ([], None)
    (row,) = answer["results"]
    assert row["findings"] == {}
    assert row["course_name"] == "demo"
    assert (row["stack"]["id"], row["stack"]["nodes"], row["stack"]["status"]) == (
        running.stack_id,
        3,
        "CREATE_COMPLETE",
    )
    assert (row["cluster"]["id"], row["cluster"]["owner"], row["cluster"]["nodes"]) == (str(running.pk), "alice", 3)
    assert row["charge"] == {"nodes": 3, "charged_to": None}
    assert row["stack"]["age_seconds"] > 0


def test_one_list_a_project_is_all_that_heat_is_asked_for(
    heat: RecordedCloud, running: Cluster, api: Callable[[User], Client], dora: User
) -> None:
    lists(heat, listed(running), STRANGER)
    api(dora).get("/api/v1/admin/stacks")
    asked = [path for path in heat.asked if "/stacks" in path]
    assert asked == ["/orchestration/v1/stacks?show_hidden=True"] * 2
    assert heat.changed == []


def test_each_kind_of_trouble_is_found(
    heat: RecordedCloud, api: Callable[[User], Client], running: Cluster, alice: User, wish: Wish, dora: User
) -> None:
    lost = make_ready(clusters.create(alice, Wish(**{**wish.__dict__, "name": "lost"})))
    charged(lost)
    left = make_ready(clusters.create(alice, Wish(**{**wish.__dict__, "name": "left"})))
    Cluster.objects.filter(pk=left.pk).update(
        status="deleted", target="deleted", ended_at=timezone.now() - timedelta(days=9), stack_id=str(uuid.uuid4())
    )
    left.refresh_from_db()
    unknown = {**listed(left), "id": str(uuid.uuid4()), "stack_name": "slipway-" + str(uuid.uuid4())}
    Meter.objects.filter(subject=running.pk).delete()
    lists(heat, listed(running, tags=["slipway", "slipway-nodes-7"]), listed(left), unknown, STRANGER)
    rows = api(dora).get("/api/v1/admin/stacks").json()["results"]
    found = [((row["stack"] or row["cluster"])["name"], set(row["findings"])) for row in rows]
    assert sorted(found, key=str) == sorted([
        ("lost", {"missing", "charged-but-gone"}),
        (running.stack_name, {"differing", "running-but-not-charged"}),
        (left.stack_name, {"orphaned"}),
        (unknown["stack_name"], {"orphaned"}),
        ("web", {"stranger"}),
    ], key=str)  # fmt: skip
    only = api(dora).get("/api/v1/admin/stacks?finding=stranger").json()["results"]
    assert [row["stack"]["name"] for row in only] == ["web"]


def test_a_cluster_that_is_long_gone_and_charged_on_is_found(
    heat: RecordedCloud, api: Callable[[User], Client], running: Cluster, dora: User
) -> None:
    Cluster.objects.update(status="deleted", target="deleted", ended_at=timezone.now() - timedelta(days=9))
    (row,) = api(dora).get("/api/v1/admin/stacks").json()["results"]
    assert (row["stack"], list(row["findings"])) == (None, ["charged-but-gone"])
    Meter.objects.update(ended_at=timezone.now() - timedelta(days=9))
    assert api(dora).get("/api/v1/admin/stacks").json()["results"] == []


def test_a_project_that_cannot_be_asked_is_named_and_the_others_are_shown(
    heat: RecordedCloud, api: Callable[[User], Client], browser: Callable[[User], Client], running: Cluster, dora: User
) -> None:
    says(heat, "/stacks?show_hidden=True", {"demo": (200, {"stacks": [listed(running)]})}, (403, {"error": "no"}))
    answer = api(dora).get("/api/v1/admin/stacks").json()
    assert [row["course_name"] for row in answer["results"]] == ["demo"]
    (silent,) = answer["unanswered"]
    assert (silent["course_name"], silent["why"].startswith("The cloud refuses the portal")) == ("other", True)
    page = browser(dora).get("/admin/stacks").content.decode()
    assert "The cloud refuses the portal" in page
    assert "As it should be" in page


def test_with_the_cloud_down_every_course_is_named(api: Callable[[User], Client], ready: Cluster, dora: User) -> None:
    answer = api(dora).get("/api/v1/admin/stacks").json()
    assert answer["results"] == []
    assert [row["course_name"] for row in answer["unanswered"]] == ["demo", "other"]


def test_many_courses_come_page_by_page(
    heat: RecordedCloud, api: Callable[[User], Client], browser: Callable[[User], Client], dora: User
) -> None:
    for number in range(43):
        Course.objects.create(name=f"c{number:02}", title=f"Course {number:02}", project_id=uuid.uuid4().hex)
    says(heat, "/stacks?show_hidden=True", {}, (200, {"stacks": [STRANGER]}))
    seen, where, sizes = [], "/api/v1/admin/stacks", []
    for _ in range(4):
        answer = api(dora).get(where).json()
        sizes.append(len(answer["results"]))
        seen += [row["course_name"] for row in answer["results"]]
        if not answer["next"]:
            break
        where = answer["next"]
    assert (sizes, seen) == ([20, 20, 5], sorted(Course.objects.values_list("name", flat=True)))
    client, where, titles = browser(dora), "/admin/stacks", []
    for _ in range(4):
        page = client.get(where)
        titles += [report.course.name for report, _ in page.context["reports"]]
        if not page.context["further"]:
            break
        where = f"/admin/stacks?{page.context['further']}"
    assert titles == seen


DETAILS = ("", "/template", "/resources", "/events?limit=100&sort_dir=desc")


@pytest.fixture
def detailed(heat: RecordedCloud, running: Cluster) -> Cluster:
    """Heat tells all of the running cluster's stack: a worker is being made."""
    lists(heat, listed(running))
    whole = {**listed(running, stack_status="UPDATE_IN_PROGRESS"), "parameters": {"cluster_secret": "******", "n": "2"}}
    resource = {
        "resource_name": "worker-01", "resource_type": "OS::Nova::Server", "resource_status": "UPDATE_IN_PROGRESS",
        "resource_status_reason": "state changed", "updated_time": "2026-11-20T10:01:00Z",
        "required_by": ["worker-01-ready"],
    }  # fmt: skip
    event = {
        "resource_name": running.stack_name, "resource_status": "UPDATE_IN_PROGRESS", "resource_status_reason": "begun",
        "event_time": "2026-11-20T10:00:30Z",
    }  # fmt: skip
    where = f"/stacks/{running.stack_name}/{running.stack_id}"
    gone: Answer = (404, {"error": {"message": "not here"}})
    at = {"Location": f"{heat.address}/orchestration/v1{where}"}
    says(heat, f"/stacks/{running.stack_id}", {"demo": (302, {}, at)}, gone)
    says(heat, f"/stacks/{running.stack_id}?resolve_outputs=False", {"demo": (200, {"stack": whole})}, gone)
    bodies = ({"stack": whole}, TEMPLATE, {"resources": [resource]}, {"events": [event]})
    for path, body in zip(DETAILS, bodies, strict=True):
        says(heat, where + path, {"demo": (200, body)}, gone)
    return running


@pytest.mark.parametrize("hint", ["", "?course="])
def test_one_stack_is_shown_with_all_but_its_secrets(
    hint: str, detailed: Cluster, heat: RecordedCloud, api: Callable[[User], Client], dora: User
) -> None:
    query = f"{hint}{detailed.course_id}" if hint else ""
    said = api(dora).get(f"/api/v1/admin/stacks/{detailed.stack_id}{query}").json()
    assert said["cluster"]["id"] == str(detailed.pk)
    assert list(said["findings"]) == ["differing"]
    assert (said["blocker"]["name"], said["blocker"]["required_by"]) == ("worker-01", ["worker-01-ready"])
    assert said["in_state_since"] == "2026-11-20T10:00:30Z"
    assert (said["servers"], len(said["resources"]), len(said["events"])) == (1, 1, 1)
    assert said["parameters"] == {"cluster_secret": "(not shown)", "n": "2"}
    assert "OS::Nova::Server" in said["template"]
    assert "hunter2" not in str(said)
    assert heat.changed == []


def test_the_stack_of_nobody_we_know_is_found_by_asking_every_project(
    detailed: Cluster, api: Callable[[User], Client], dora: User
) -> None:
    Cluster.objects.update(stack_id="another")
    said = api(dora).get(f"/api/v1/admin/stacks/{detailed.stack_id}").json()
    assert (said["course_name"], said["stack"]["name"]) == ("demo", detailed.stack_name)


def test_a_stack_that_no_project_has_is_not_found(
    heat: RecordedCloud, detailed: Cluster, api: Callable[[User], Client], course: Course, dora: User
) -> None:
    for where in (uuid.uuid4(), f"{uuid.uuid4()}?course={course.pk}", f"{detailed.stack_id}?course={uuid.uuid4()}"):
        assert problem(api(dora).get(f"/api/v1/admin/stacks/{where}"))["status"] == 404


def test_a_stack_while_the_cloud_is_down_is_waited_for(
    api: Callable[[User], Client], ready: Cluster, dora: User
) -> None:
    Cluster.objects.update(stack_id=str(uuid.uuid4()))
    ready.refresh_from_db()
    assert problem(api(dora).get(f"/api/v1/admin/stacks/{ready.stack_id}"))["status"] == 503


def test_pages_show_the_same(detailed: Cluster, browser: Callable[[User], Client], dora: User) -> None:
    page = browser(dora).get("/admin/stacks").content.decode()
    assert f"/admin/stacks/{detailed.stack_id}?course={detailed.course_id}" in page
    stack = browser(dora).get(f"/admin/stacks/{detailed.stack_id}?course={detailed.course_id}").content.decode()
    assert "worker-01-ready waits for it" in stack
    assert "hunter2" not in stack
    assert "Differing" in stack


@pytest.mark.parametrize("where", ["", f"/{uuid.UUID(int=1)}"])
def test_nobody_but_administrators_sees_any_of_it(
    where: str, heat: RecordedCloud, api: Callable[[User], Client], browser: Callable[[User], Client], alice: User,
    bob: User, charlie: User,
) -> None:  # fmt: skip
    for person in (alice, bob, charlie):
        assert problem(api(person).get(f"/api/v1/admin/stacks{where}"))["status"] == 403
        assert browser(person).get(f"/admin/stacks{where}").status_code == 403
    assert Client().get(f"/admin/stacks{where}").status_code == 302
    assert heat.asked == []


@pytest.mark.parametrize("query", ["course=demo", "finding=x", "colour=red"])
def test_what_is_no_filter_is_refused_by_its_name(query: str, api: Callable[[User], Client], dora: User) -> None:
    said = problem(api(dora).get(f"/api/v1/admin/stacks?{query}"))
    assert (said["status"], list(said["errors"])) == (422, [query.partition("=")[0]])


def test_much_takes_as_many_queries_as_little(
    heat: RecordedCloud, api: Callable[[User], Client], browser: Callable[[User], Client], running: Cluster,
    alice: User, wish: Wish, dora: User,
) -> None:  # fmt: skip
    def counts() -> tuple[int, int]:
        return queries(answers, "/api/v1/admin/stacks"), queries(pages, "/admin/stacks")

    answers, pages = api(dora), browser(dora)
    lists(heat, listed(running))
    counts()  # a token's last use is written once a minute
    assert counts() == (4, 6)
    more = [running]
    for number in range(3):
        cluster = make_ready(clusters.create(alice, Wish(**{**wish.__dict__, "name": f"more {number}"})))
        charged(cluster)
        more.append(cluster)
    for number in range(10):
        Course.objects.create(name=f"c{number}", title="C", project_id=uuid.uuid4().hex)
    lists(heat, *(listed(cluster) for cluster in more), STRANGER)
    assert counts() == (4, 6)


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_reports_of_no_courses_are_none() -> None:
    assert stacks.reports([]) == []
