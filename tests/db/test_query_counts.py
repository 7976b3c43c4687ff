"""How many queries each page and each answer takes, as data; no more where there is much to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing import ledger, rates
from billing.metering import full_hour
from portal.accounts.models import User
from portal.accounts.tokens import issue, make_service
from portal.api import urls as api_urls
from portal.clusters import services as clusters
from portal.clusters.models import Cluster
from portal.clusters.wishes import Wish
from portal.courses.models import Course, Limit, Membership, Profile
from portal.folders import services as folders
from portal.folders.models import Mount
from portal.folders.services import FolderWish
from portal.jobs import services as jobs
from portal.jobs import storage
from portal.jobs.models import Job, JobOutput
from portal.trail.services import record
from portal.web import urls as page_urls
from tests.db.conftest import make_ready
from tests.db.test_credits import use

# Of each page 2 are the session and its user; of each answer of the API 1 is the token with its user.
PAGES = {
    "log-in": 2,
    "me": 2,
    "tokens": 3,
    "home": 15,
    "cluster": 10,
    "folders": 9,
    "folder": 7,
    "courses": 3,
    "job": 4,
    "job-log": 3,
    "job-output": 4,
    "credits": 4,
    "course-credits": 9,
    "rates": 4,
    "budgets": 3,
}
ANSWERS = {
    "schema": 0,
    "docs": 0,
    "me": 1,
    "tokens": 2,
    "courses": 2,
    "course": 3,
    "course-profiles": 3,
    "course-profile": 3,
    "clusters": 2,
    "cluster": 2,
    "cluster-cost": 3,
    "cluster-events": 3,
    "offers": 6,
    "cluster-jobs": 3,
    "folders": 5,
    "folder": 5,
    "job": 2,
    "job-log": 2,
    "job-outputs": 3,
    "course-credits": 6,
    "rates": 2,
    "budgets": 2,
    "job-output": 3,
}
# For those who lead.
PAGES_OF_LEADERS = {
    "trail": 4,
    "course": 25,
    "roster": 9,
    "member": 6,
    "limits": 18,
    "profiles": 13,
    "profile": 14,
    "course-statement": 6,
}
ANSWERS_OF_LEADERS = {"trail": 3, "statements": 5, "course-members": 6, "course-limits": 16}
ANSWERS_OF_LEADERS |= {"course-usage": 12, "course-member": 4, "student-limits": 5}
FOR_ADMINISTRATORS = {"service-accounts": 2, "course-makers": 2, "admin-letters": 2, "admin-notices": 2}
FOR_ADMINISTRATORS |= {"courses": 2, "budgets": 2, "rates": 2}
PAGES_OF_ADMINISTRATORS = {"service-accounts": 3, "service-account": 4, "undelivered": 4}
PAGES_OF_ADMINISTRATORS |= {"courses": 4, "budgets": 3, "rates": 4, "credits": 3}
# They change something, or are streams of what a page shows already.
ACTIONS = {
    "create",
    "delete",
    "resize",
    "repair",
    "submit",
    "log-out",
    "folder-grow",
    "token",
    "introspect",
    "job-cancel",
    None,
}
ACTIONS |= {"course-archive", "course-roster", "course-group", "course-maker"}
ACTIONS |= {"extend", "price", "make-folder", "grow-folder", "delete-folder"}
ACTIONS |= {"lease-check-create", "lease-create", "lease-check-update", "lease-update", "lease-on-end"}
ACTIONS |= {"give-credits", "correct-charges", "course-corrections", "add-rate", "reprocess", "give-budget"}
ACTIONS |= {"make-course", "appoint", "change-course", "archive-course", "add-member", "import-roster", "import-group"}
ACTIONS |= {"change-limits", "except-student", "as-others", "make-profile", "delete-profile"}
ACTIONS |= {"make-token", "revoke-token", "make-service-account", "make-service-token"}
# These ask the cloud: tests/db/test_audit_stacks.py and test_audit_shares.py have one, and count.
OF_THE_CLOUD = {"stacks", "stack", "admin-stacks", "admin-stack", "shares", "admin-shares"}
# tests/db/test_class_pages.py counts these.
OF_CLASSES = {"class", "class-start", "class-extend", "class-end", "class-action", "class-actions", "class-cancel"}
OF_CLASSES |= {"class-starts", "extend-all", "end-all"}
STREAMS = {"cluster-live", "job-live", "folder-live", "folders-live"}
LITTLE = {"number": 1, "jobs_of_one": 1}
MUCH = {"number": 20, "jobs_of_one": 50}


def fill(owner: User, wish: Wish, number: int, jobs_of_one: int) -> Job:
    """So many clusters, the last of which has so many jobs, the last of which has as many files of output."""
    Limit.objects.filter(name="clusters").update(value=number)
    surround(number)
    for count in range(number):
        cluster = make_ready(clusters.create(owner, replace(wish, name=f"cluster {count}")))
        for node in cluster.nodes.all():
            for step in ("facts", "hosts", "configuration"):
                clusters.record_event(node, step, "done", 0.1, "", "")
        folder = folders.create(owner, FolderWish(wish.course, f"folder {count}", 1))
        Mount.objects.create(folder=folder, cluster=cluster, path="/data/a", access="rw")
        Profile.objects.create(course=cluster.course, name=f"profile {count}", spec={})
    for _ in range(jobs_of_one):
        job = Job.objects.create(cluster=cluster, owner=owner, application="flights.py")
    jobs.append_log(job, 0, b"hello\n")
    for count in range(jobs_of_one):
        JobOutput.objects.create(job=job, path=f"{count}.csv", size=4, uploaded=True)
    storage.write(storage.output_file(job.pk, "0.csv"), [b"a,b\n"])
    return job


def surround(number: int) -> None:
    """So many more courses of both, prices of now and of later, budgets and tokens."""
    alice, bob, dora = (User.objects.get(username=name) for name in ("alice", "bob", "dora"))
    now = full_hour(timezone.now())
    for count in range(number):
        course = Course.objects.create(name=f"course-{count}", title=f"Course {count}", project_id=f"project-{count}")
        for person, role in ((alice, "student"), (bob, "teacher")):
            Membership.objects.create(course=course, user=person, role=role)
            issue(person, f"token {count}", ["read"], 1)
        Limit.objects.create(course=course, scope="student", name="clusters", value=count)
        use(course.pk, alice.username, 1)
        ledger.grant(dora.username, Decimal(1), course=course.name)
        ledger.grant(dora.username, Decimal(1), person=f"teacher-{count}")
        rates.introduce("node", f"flavor-{count}", Decimal(1), now)
        rates.add(dora.username, "node", f"flavor-{count}", Decimal(2), now + timedelta(days=1))
    ledger.grant(dora.username, Decimal(1), person=bob.username)


def enrol(number: int) -> None:
    """So many more students, each with an exception, and something spent."""
    course = Course.objects.get(name="demo")
    for count in range(number):
        student = User.objects.create(username=f"student-{count}")
        Membership.objects.create(course=course, user=student, role="student")
        Limit.objects.create(course=course, scope="student", user=student, name="clusters", value=count)
        use(course.pk, student.username, 1)


def address(name: str, job: Job) -> str:
    patterns = (api_urls if name.startswith("api:") else page_urls).urlpatterns
    (pattern,) = [each.pattern for each in patterns if each.name == name.removeprefix("api:")]
    cluster = Cluster.objects.get(pk=job.cluster_id)
    known: dict[str, Callable[[], object]] = {
        "cluster_id": lambda: cluster.pk,
        "course_id": lambda: cluster.course_id,
        "folder_id": lambda: cluster.mounts.get().folder_id,
        "job_id": lambda: job.pk,
        "profile_id": lambda: cluster.course.profiles.all()[0].pk,
        "username": lambda: "alice",
        "path": lambda: "0.csv",
    }
    query = f"?course={cluster.course_id}" if name == "api:statements" else ""
    return reverse(name, kwargs={given: known[given]() for given in pattern.converters}) + query


def queries(client: Client, address: str) -> int:
    client.get(reverse("api:me"))  # the first use of a token is written down
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code in (200, 302)
    return len(captured)


@pytest.mark.parametrize("filling", [LITTLE, MUCH], ids=["little", "much"])
def test_pages_take_what_the_table_says(
    filling: dict[str, int], browser: Callable[[User], Client], alice: User, bob: User, wish: Wish
) -> None:
    job, student, teacher = fill(alice, wish, **filling), browser(alice), browser(bob)
    assert {name: queries(student, address(name, job)) for name in PAGES} == PAGES
    assert {name: queries(teacher, address(name, job)) for name in PAGES} == PAGES


@pytest.mark.parametrize("filling", [LITTLE, MUCH], ids=["little", "much"])
def test_answers_take_what_the_table_says(
    filling: dict[str, int], api: Callable[[User], Client], alice: User, bob: User, wish: Wish
) -> None:
    job, student, teacher = fill(alice, wish, **filling), api(alice), api(bob)
    assert {name: queries(student, address(f"api:{name}", job)) for name in ANSWERS} == ANSWERS
    assert {name: queries(teacher, address(f"api:{name}", job)) for name in ANSWERS} == ANSWERS


@pytest.mark.parametrize("filling", [LITTLE, MUCH], ids=["little", "much"])
def test_what_is_for_those_who_lead_takes_what_the_table_says(
    filling: dict[str, int],
    browser: Callable[[User], Client],
    api: Callable[[User], Client],
    alice: User,
    bob: User,
    wish: Wish,
) -> None:
    job, pages, answers = fill(alice, wish, **filling), browser(bob), api(bob)
    for number in range(filling["number"]):
        record(alice, "cluster.create", number, course="demo", after={"name": "flights"})
    enrol(filling["number"])
    assert {name: queries(pages, address(name, job)) for name in PAGES_OF_LEADERS} == PAGES_OF_LEADERS
    assert {name: queries(answers, address(f"api:{name}", job)) for name in ANSWERS_OF_LEADERS} == ANSWERS_OF_LEADERS


@pytest.mark.parametrize("number", [1, 20])
def test_answers_to_administrators_take_what_the_table_says(
    number: int, api: Callable[[User], Client], dora: User
) -> None:
    surround(number)
    for count in range(number):
        make_service(dora, f"service-{count}", ["read"])
        User.objects.create(username=f"maker-{count}", may_make_courses=True)
    client = api(dora)
    assert {name: queries(client, reverse(f"api:{name}")) for name in FOR_ADMINISTRATORS} == FOR_ADMINISTRATORS


@pytest.mark.parametrize("number", [1, 20])
def test_pages_of_administrators_take_what_the_table_says(
    number: int, browser: Callable[[User], Client], dora: User
) -> None:
    surround(number)
    make_service(dora, "service", ["read"])
    for count in range(number):
        make_service(dora, f"service-{count}", ["read"])
        for service in ("", "service"):
            issue(dora, f"token {count}", ["read"], 1, service=service)
    client, known = browser(dora), {"service-account": {"service": "service"}}
    counted = {name: queries(client, reverse(name, kwargs=known.get(name, {}))) for name in PAGES_OF_ADMINISTRATORS}
    assert counted == PAGES_OF_ADMINISTRATORS
    assert queries(client, reverse("tokens")) == PAGES["tokens"]


def test_no_page_and_no_answer_is_missing_here() -> None:
    assert {pattern.name for pattern in page_urls.urlpatterns} - ACTIONS - STREAMS - OF_THE_CLOUD - OF_CLASSES == {
        *PAGES,
        *PAGES_OF_LEADERS,
        *PAGES_OF_ADMINISTRATORS,
    }
    assert {pattern.name for pattern in api_urls.urlpatterns} - ACTIONS - OF_THE_CLOUD - OF_CLASSES == {
        *ANSWERS,
        *ANSWERS_OF_LEADERS,
        *FOR_ADMINISTRATORS,
    }
