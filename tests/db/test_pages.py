"""The pages, as a browser without JavaScript sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, connections
from django.test import AsyncClient, Client
from django.utils import timezone

from portal.accounts.models import User
from portal.clusters.models import Cluster, Status
from portal.clusters.services import record_event
from portal.courses.models import Course, Membership
from portal.jobs.models import Job
from portal.web.fragments import cluster_fragment


def test_create_takes_one_press_on_the_form_as_it_comes(
    browser: Callable[[User], Client], alice: User, course: Course
) -> None:
    client = browser(alice)
    form = client.get("/").context["form"]
    filled = {field.name: field.value() for field in form if field.value() is not None}
    answer = client.post("/clusters/create", filled)
    cluster = Cluster.objects.get()
    assert {name for name, value in cluster.spec.items() if value} == {
        "id", "name", "framework", "workers", "flavor", "image", "network", "hdfs", "bundle_version", "portal_url",
        "gateway_address", "owner", "course", "boot_timeout", "runtime",
    }  # fmt: skip
    assert cluster.spec["hdfs"]["storage"] == "root"
    assert answer.headers["Location"] == f"/clusters/{cluster.pk}"
    assert (cluster.name, cluster.workers, cluster.flavor, cluster.course_id) == ("spark-1", 2, "small", course.pk)


def test_a_wrong_field_is_shown_at_its_place_and_nothing_is_lost(
    browser: Callable[[User], Client], alice: User, course: Course
) -> None:
    wrong = {
        "name": "mine",
        "course": str(course.pk),
        "framework": "spark",
        "workers": 0,
        "flavor": "small",
        "hours": 99,
    }
    answer = browser(alice).post("/clusters/create", wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="mine"' in page
    assert "must be a whole number from 1 to 160" in page
    assert "must be from 1 to 12 in this course" in page
    assert not Cluster.objects.exists()


def test_more_can_be_asked_for_in_the_folded_part(
    browser: Callable[[User], Client], alice: User, course: Course
) -> None:
    first = {
        "name": "mine",
        "course": str(course.pk),
        "framework": "spark",
        "workers": 1,
        "flavor": "small",
        "hours": 1,
    }
    more = {
        "master_flavor": "medium",
        "hdfs.storage": "ephemeral",
        "scratch.size_gb": "5",
        "spread": "on",
        "settings.spark": "spark.sql.shuffle.partitions = 8\r\nspark.x  a=b\r\n",
        "python_packages": "scipy==1.14.1\r\n\r\nrequests\r\n",
    }
    assert browser(alice).post("/clusters/create", {**first, **more}).status_code == 302
    spec = Cluster.objects.get().spec
    assert (spec["master_flavor"], spec["hdfs"]["storage"], spec["spread"]) == ("medium", "ephemeral", True)
    assert (spec["scratch"]["size_gb"], spec["scratch"]["path"]) == (5, "/data/scratch")
    assert spec["settings"] == {"spark": {"spark.sql.shuffle.partitions": "8", "spark.x": "a=b"}}
    assert spec["python_packages"] == ["scipy==1.14.1", "requests"]


def test_a_fault_in_the_folded_part_is_shown_at_its_field_and_the_part_is_open(
    browser: Callable[[User], Client], alice: User, course: Course
) -> None:
    first = {
        "name": "mine",
        "course": str(course.pk),
        "framework": "spark",
        "workers": 1,
        "flavor": "small",
        "hours": 1,
    }
    assert '<details class="more">' in browser(alice).get("/").content.decode()
    wrong = {**first, "settings.spark": "spark.authenticate=false", "gpus": "many"}
    answer = browser(alice).post("/clusters/create", wrong)
    assert "Enter a whole number" in answer.context["form"].errors["gpus"][0]
    answer = browser(alice).post("/clusters/create", {**wrong, "gpus": ""})
    errors = answer.context["form"].errors
    assert errors["settings.spark"][0].startswith("spark.authenticate: carries security")
    page = answer.content.decode()
    assert '<details class="more" open>' in page
    assert "spark.authenticate=false" in page
    answer = browser(alice).post("/clusters/create", {**first, "scratch.path": "/data/x"})
    assert answer.context["form"].errors == {"scratch.size_gb": ["missing"]}


def test_who_is_on_no_roster_is_told_what_to_do(browser: Callable[[User], Client], ann: User) -> None:
    Membership.objects.filter(user=ann).delete()
    assert "Ask your teacher" in browser(ann).get("/").content.decode()


def test_progress_counts_what_nodes_said(browser: Callable[[User], Client], alice: User, creating: Cluster) -> None:
    node = creating.nodes.get(name="worker-01")
    for step in ("facts", "hosts", "hosts"):
        record_event(node, step, "done", 0.1, "", "")
    page = browser(alice).get(f"/clusters/{creating.pk}").content.decode()
    assert "2 of 25 steps" in page
    assert "{#" not in page
    assert "{%" not in page
    assert "http-equiv" in page  # it reloads itself where there is no JavaScript


def test_a_failure_says_what_why_and_what_next(
    browser: Callable[[User], Client], alice: User, creating: Cluster
) -> None:
    failure = {"what": "It broke.", "why": "<disk> full", "next": "Try again."}
    Cluster.objects.filter(pk=creating.pk).update(status=Status.FAILED, failure=failure)
    page = browser(alice).get(f"/clusters/{creating.pk}").content.decode()
    assert "It broke." in page
    assert "&lt;disk&gt; full" in page
    assert "Try again." in page


def test_a_hostile_name_is_text(browser: Callable[[User], Client], alice: User, ready: Cluster) -> None:
    Cluster.objects.filter(pk=ready.pk).update(name="<script>alert(1)</script>{{ 7*7 }}")
    page = browser(alice).get(f"/clusters/{ready.pk}").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page


def test_nothing_of_a_page_may_come_from_elsewhere(browser: Callable[[User], Client], alice: User) -> None:
    answer = browser(alice).get("/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_job_shows_its_log_and_output(browser: Callable[[User], Client], alice: User, job: Job) -> None:
    from portal.jobs import services

    services.append_log(job, 0, b"hello <world>\n")
    services.finish(job, 0, "", [("big.bin", 10**12)])
    page = browser(alice).get(f"/jobs/{job.pk}").content.decode()
    assert "hello &lt;world&gt;" in page
    assert "Succeeded" in page
    assert "big.bin (too large to be brought here)" in page


def test_logging_in_while_the_cloud_is_down_says_so() -> None:
    answer = Client().post("/log-in", {"username": "alice", "password": "secret"})
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/clusters/create"])
def test_a_stranger_is_led_to_the_log_in(path: str) -> None:
    assert Client().get(path).headers["Location"].startswith("/log-in")


def test_the_ended_time_of_a_deleted_cluster_is_shown(
    browser: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    Cluster.objects.filter(pk=ready.pk).update(status=Status.DELETED, target=Status.DELETED, ended_at=timezone.now())
    page = browser(alice).get(f"/clusters/{ready.pk}").content.decode()
    assert "This cluster is gone." in page
    assert "Ended" in page


@pytest.mark.parametrize("form", ["delete", "jobs"])
def test_who_comes_to_a_form_by_a_detour_is_led_to_its_page(
    form: str, browser: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    answer = browser(alice).get(f"/clusters/{ready.pk}/{form}")
    assert answer.headers["Location"] == f"/clusters/{ready.pk}"
    ready.refresh_from_db()
    assert ready.target == Status.READY


def test_a_reload_of_a_refused_form_is_the_first_page(browser: Callable[[User], Client], alice: User) -> None:
    assert browser(alice).get("/clusters/create").headers["Location"] == "/"


def test_a_part_of_a_page_asked_for_after_the_session_reloads_the_page() -> None:
    answer = Client(headers={"HX-Request": "true"}).get("/")
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")


@pytest.mark.parametrize("path", ["/clusters/{cluster}/live", "/jobs/{job}/live", "/folders/live"])
def test_a_stream_without_a_session_says_so_and_ends(path: str, job: Job) -> None:
    async def read() -> list[bytes]:
        answer = await AsyncClient().get(path.format(cluster=job.cluster_id, job=job.pk))
        return [part async for part in answer.streaming_content]

    assert async_to_sync(read)() == [b"event: logged-out\ndata: now\n\n"]


def test_a_form_from_before_the_log_in_is_refused_with_what_to_do(alice: User, ready: Cluster) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(f"/clusters/{ready.pk}/delete")
    assert answer.status_code == 403
    assert "load the page again" in answer.content.decode()


def test_a_page_says_that_the_database_does_not_answer(
    browser: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    visitor = browser(alice)
    other = connections.create_connection("default")
    try:
        with other.cursor() as stubborn, connection.cursor() as ours:
            stubborn.execute("BEGIN; LOCK TABLE jobs_job IN ACCESS EXCLUSIVE MODE")
            ours.execute("SAVEPOINT before; SET LOCAL lock_timeout = '50ms'")
            answer = visitor.get(f"/clusters/{ready.pk}")
            ours.execute("ROLLBACK TO before")
    finally:
        other.close()
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()
    assert "Try again" in answer.content.decode()


def test_the_page_counts_the_machines_of_each_flavor(
    browser: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    assert browser(alice).get(f"/clusters/{ready.pk}").context["machines"] == [("small", 3)]
    Cluster.objects.update(spec={**ready.spec, "master_flavor": "medium"})
    answer = browser(alice).get(f"/clusters/{ready.pk}")
    assert answer.context["machines"] == [("medium", 1), ("small", 2)]
    assert "medium" in answer.content.decode()


def test_who_may_leave_and_how_many_workers_there_are_come_with_what_is_pushed(
    alice: User, bob: User, ready: Cluster
) -> None:
    assert cluster_fragment(alice, ready.pk).count('hx-swap-oob="true"') == 2
    assert "hx-swap-oob" not in cluster_fragment(bob, ready.pk)
    assert "<option>worker-02</option>" in cluster_fragment(alice, ready.pk)
    ready.nodes.filter(name="worker-02").update(leaving=True)
    assert "<option>" not in cluster_fragment(alice, ready.pk)
    assert 'value="1" required hx-swap-oob' in cluster_fragment(alice, ready.pk)


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "many", ""])
def test_a_number_of_workers_that_is_none_is_refused_with_words(
    browser: Callable[[User], Client], alice: User, ready: Cluster, number: str
) -> None:
    answer = browser(alice).post(f"/clusters/{ready.pk}/resize", {"workers": number}, follow=True)
    assert answer.status_code == 200
    assert "note error" in answer.content.decode()
    ready.refresh_from_db()
    assert ready.status == Status.READY
