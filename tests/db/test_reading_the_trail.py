"""Who did what, as teachers and administrators read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Filter, NoTrail
from portal.clusters.models import Cluster
from portal.courses.models import Membership
from portal.trail.models import Entry
from portal.trail.services import record
from tests.db.conftest import problem


@pytest.fixture(autouse=True)
def written(alice: User, charlie: User, dora: User) -> None:
    record(alice, "cluster.create", "1", name="flights", course="demo", after={"workers": 2})
    record(charlie, "cluster.create", "2", name="secret", course="other")
    record(dora, "rate.add", "3", name="small")
    record(alice, "cluster.resize", "1", name="flights", course="demo", before={"workers": 2}, after={"workers": 3})


def actions(rows: Any) -> list[tuple[str, str]]:
    """Without the tokens of the tests' own clients, and what was imported before."""
    return [(row["action"], row["subject"]) for row in rows if row["actor"] and row["action"] != "token.issue"]


RESIZE, CREATE, RATE, OTHER = (
    ("cluster.resize", "1"),
    ("cluster.create", "1"),
    ("rate.add", "3"),
    ("cluster.create", "2"),
)


def test_a_teacher_sees_what_was_done_in_their_courses_and_an_administrator_all(
    api: Callable[[User], Client], bob: User, dora: User
) -> None:
    assert actions(api(bob).get("/api/v1/trail").json()["results"]) == [RESIZE, CREATE]
    assert actions(api(dora).get("/api/v1/trail").json()["results"]) == [RESIZE, RATE, OTHER, CREATE]


def test_students_assistants_and_outsiders_see_nothing_of_it(
    api: Callable[[User], Client], browser: Callable[[User], Client], alice: User, ann: User, charlie: User
) -> None:
    Membership.objects.filter(user=ann).update(role="assistant")
    for person in (alice, ann, charlie):
        assert problem(api(person).get("/api/v1/trail"))["status"] == 403
        page = browser(person).get("/trail?subject=2")
        assert (page.status_code, b"secret" in page.content) == (403, False)
    assert Client().get("/trail").status_code == 302
    assert api(None).get("/api/v1/trail").status_code == 401


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("course=demo", [RESIZE, CREATE]),
        ("subject=1", [RESIZE, CREATE]),
        ("actor=dora", [RATE]),
        ("course=demo&actor=dora", []),
        ("course=unknown", []),
    ],
)
def test_it_is_filtered_by_course_thing_and_person(
    query: str, found: list[tuple[str, str]], api: Callable[[User], Client], dora: User
) -> None:
    assert actions(api(dora).get(f"/api/v1/trail?{query}").json()["results"]) == found


def test_since_is_the_first_moment_that_is_shown(dora: User) -> None:
    moment = Entry.objects.get(action="rate.add").at
    assert [entry.action for entry in trail.entries(dora, Filter(since=moment))] == ["cluster.resize", "rate.add"]
    assert not trail.entries(dora, Filter(since=timezone.now() + timedelta(hours=1))).exists()


@pytest.mark.parametrize("query", ["since=yesterday", "curse=demo", "actor=%00"])
def test_what_is_no_filter_is_refused_by_its_name(query: str, api: Callable[[User], Client], dora: User) -> None:
    said = problem(api(dora).get(f"/api/v1/trail?{query}"))
    assert (said["status"], list(said["errors"])) == (422, [query.partition("=")[0]])


def test_the_answer_says_what_changed_and_by_which_way(api: Callable[[User], Client], bob: User) -> None:
    newest = api(bob).get("/api/v1/trail").json()["results"][0]
    assert newest == {
        "id": Entry.objects.get(action="cluster.resize").pk, "at": newest["at"], "actor": "alice", "way": "system",
        "action": "cluster.resize", "subject": "1", "name": "flights", "course": "demo", "before": {"workers": 2},
        "after": {"workers": 3},
    }  # fmt: skip


def test_pages_of_the_list_meet_without_a_gap_though_more_is_written_meanwhile(
    api: Callable[[User], Client], dora: User
) -> None:
    for number in range(120):
        record(dora, "rate.add", f"r{number}")
    seen: list[tuple[str, str]] = []
    where = "/api/v1/trail?actor=dora"
    for _ in range(8):
        answer = api(dora).get(where).json()
        seen += actions(answer["results"])
        record(dora, "late", "x")
        where = answer["next"] or ""
        if not where:
            break
    assert not where
    assert seen == [*(("rate.add", f"r{number}") for number in reversed(range(120))), RATE]


def test_the_page_shows_what_changed_and_goes_on_to_what_is_older(
    browser: Callable[[User], Client], dora: User
) -> None:
    page = browser(dora).get("/trail?subject=1").content.decode()
    assert "workers: 2 → 3" in page
    assert "secret" not in page
    for number in range(60):
        record(dora, "rate.add", f"r{number}")
    client, where, seen = browser(dora), "/trail?actor=dora", []
    for _ in range(3):
        answer = client.get(where)
        seen += [entry.subject for entry, _ in answer.context["rows"]]
        if not answer.context["older"]:
            break
        where = f"/trail?{answer.context['older']}"
    assert seen == [*(f"r{number}" for number in reversed(range(60))), "3"]


@pytest.mark.parametrize("query", ["since=yesterday", "before=x", f"before={10**30}"])
def test_a_page_that_was_asked_for_wrongly_says_so(query: str, browser: Callable[[User], Client], dora: User) -> None:
    assert browser(dora).get(f"/trail?{query}").status_code == 422


def test_the_place_to_go_on_from_tells_nothing_of_what_is_hidden(bob: User) -> None:
    hidden = Entry.objects.get(subject="2")
    rows, _ = trail.page(trail.entries(bob), hidden.pk, 10)
    assert [row.action for row in rows if row.actor] == ["cluster.resize", "cluster.create"]


def test_a_clusters_page_leads_to_its_trail_for_those_who_may_read_it(
    browser: Callable[[User], Client], ready: Cluster, alice: User, bob: User, dora: User
) -> None:
    for person, linked in ((alice, False), (bob, True), (dora, True)):
        page = browser(person).get(f"/clusters/{ready.pk}").content.decode()
        assert (f"/trail?subject={ready.pk}" in page) == linked, person


@pytest.mark.parametrize("wanted", [Filter(), Filter(course="demo"), Filter(subject="1"), Filter(actor="dora")])
def test_each_filter_reads_the_newest_from_an_index_of_its_own(wanted: Filter, dora: User) -> None:
    Entry.objects.bulk_create(
        Entry(actor=f"p{n % 300}", way="page", action="x", subject=str(n), course=f"c{n % 200}") for n in range(20_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE trail_entry")
    plan = trail.entries(dora, wanted)[:50].explain()
    assert "Index Scan" in plan
    assert "Sort" not in plan, plan


def test_who_may_read_nothing_is_told_before_anything_is_looked_up(charlie: User) -> None:
    with CaptureQueriesContext(connection) as asked, pytest.raises(NoTrail):
        trail.entries(charlie)
    assert not [query for query in asked if "trail_entry" in query["sql"]]
