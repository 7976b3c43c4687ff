"""Every address of the API and every page, asked by a person of each role and by an outsider: who gets through stands
in one table, rights.txt. An address that is missing there fails."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from billing import ledger
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import make_service
from portal.api import urls as api_urls
from portal.classes.models import ClassAction
from portal.clusters import profiles
from portal.clusters.models import Cluster
from portal.courses.models import Course, Limit, Membership
from portal.credits import leases
from portal.folders.models import Folder
from portal.jobs import storage
from portal.jobs.models import Job, JobOutput
from portal.web import urls as page_urls
from tests.db.test_profiles import SMALL

TABLE = Path(__file__).with_name("rights.txt")
WHO = ("owner", "student", "assistant", "teacher", "administrator", "outsider", "service")
SERVICE, DAY = "other-system", timedelta(days=1)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSED = (401, 403, 404)  # else somebody gets through, if only to be told that the body is wrong
# Without which an address is asked wrongly, whoever asks.
QUERIES = {"api:statements": "?course={course_id}"}
NOT_ASKED = {"log-in", "log-out", None}  # for nobody in particular; None is whatever is unknown below /api/v1


@dataclass(frozen=True)
class Address:
    method: str
    name: str

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def table() -> dict[Address, tuple[str, ...]]:
    """`+` gets through; else the status of the refusal."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    assert all(len(line) == 2 + len(WHO) for line in lines)
    return {Address(method, name): tuple(answers) for method, name, *answers in lines}


@pytest.fixture
def campus_life(
    ready: Cluster, job: Job, folder: Folder, alice: User, ann: User, bob: User, dora: User, course: Course
) -> dict[str, Any]:
    """What all addresses are asked for: it is Alice's, in the course that Bob teaches."""
    assistant = User.objects.create(username="ed")
    Membership.objects.create(course=course, user=assistant, role="assistant")
    Limit.objects.create(course=course, scope="student", user=ann, name="clusters", value=9)
    storage.write(storage.output_file(job.pk, "table.csv"), [b"a,b\n"])
    JobOutput.objects.create(job=job, path="table.csv", size=4, uploaded=True)
    ledger.grant("dora", Decimal(1000), course=course.name)
    ledger.correct("dora", Decimal(-2), course=course.name, person=alice.username, memo="of another service")
    service, stack, tomorrow = make_service(dora, SERVICE, ["read", "billing"]), uuid.uuid4(), timezone.now() + DAY
    lease = leases.Wish(uuid.uuid4(), course.name, alice.username, "GPU", tomorrow, hourly=Decimal(1))
    Cluster.objects.filter(pk=ready.pk).update(stack_id=str(stack))
    return {
        "course_id": course.pk,
        "cluster_id": ready.pk,
        "folder_id": folder.pk,
        "job_id": job.pk,
        "profile_id": profiles.create(bob, course.pk, **SMALL).pk,
        "stack_id": stack,
        "action_id": ClassAction.objects.create(course=course, actor=bob, kind="end", begins_at=timezone.now()).pk,
        "path": "table.csv",
        "username": "ann",
        "service": SERVICE,
        "lease_id": leases.create(service, lease).pk,
    }


def bodies(life: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Where a wrong body would be refused before it is asked whose it is. Those of clusters and folders say in them
    which course they are for, and are 422 where it is a secret."""
    course = str(life["course_id"])
    cluster = {"course": course, "name": "new", "framework": "spark", "workers": 1, "flavor": "small", "hours": 1}
    lent = {"lease": str(life["lease_id"]), "ends_at": (timezone.now() + DAY).isoformat()}
    lease = {
        "lease": str(uuid.uuid4()), "course": "demo", "person": "alice", "name": "GPU", "hourly": "1",
        "ends_at": lent["ends_at"],
    }  # fmt: skip
    folder = {"course": course, "name": "new", "size_gb": 1, "share_type": "nfs", "access_for_students": "rw"}
    return {
        "api:clusters": cluster,
        "create": cluster,
        "api:folders": folder,
        "make-folder": folder,
        "api:price": cluster,
        "price": cluster,
        "api:extend": {"hours": 1},
        "extend": {"hours": 1},
        "api:folder-grow": {"size_gb": 9},
        "api:course-credits": {"amount": "1"},
        "api:course-corrections": {"person": "alice", "amount": "1", "memo": "charged twice"},
        "api:rates": {"kind": "gpu", "price": "1", "valid_from": "2099-01-01T00:00:00Z"},
        "api:budgets": {"person": "bob", "amount": "1"},
        "api:reprocess": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "memo": "wrong"},
        "api:lease-check-create": lease,
        "api:lease-create": lease,
        "api:lease-check-update": lent,
        "api:lease-update": lent,
        "api:lease-on-end": {"lease": lent["lease"]},
        "api:courses": {"name": "new", "title": "New", "project": "p9"},
        "api:course-archive": {"confirm": "another"},
        "api:course-members": {"username": "eve"},
        "api:course-member": {"role": "student"},
        "make-course": {"name": "new", "title": "New"},
        "as-others": {"username": "ann"},
    }


def path_of(address: Address, life: dict[str, Any]) -> str:
    for pattern in (*api_urls.urlpatterns, *page_urls.urlpatterns):
        if isinstance(pattern, URLPattern) and pattern.name == address.name.removeprefix("api:"):
            of_api = pattern in api_urls.urlpatterns
            if of_api == address.name.startswith("api:"):
                return reverse(address.name, kwargs={name: life[name] for name in pattern.pattern.converters})
    raise AssertionError(f"there is no {address.name}")


@contextmanager
def undone() -> Iterator[None]:
    """What happens in here has not happened for the next one."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, address: Address, life: dict[str, Any]) -> str:
    body = bodies(life).get(address.name, {})
    sent: dict[str, Any] = {"data": json.dumps(body), "content_type": "application/json"}
    if not address.name.startswith("api:"):
        sent = {"data": body}
    if address.method == "GET":
        sent = {}
    path = path_of(address, life) + QUERIES.get(address.name, "").format(**life)
    with undone():
        status = getattr(client, address.method.lower())(path, **sent).status_code
    assert address.method != "GET" or status != 422, f"{address} is asked wrongly, which proves nothing"
    return str(status) if status in REFUSED or (status == 422 and "course" in body) else "+"


@pytest.mark.parametrize("who", WHO)
def test_each_gets_what_the_table_says(
    who: str,
    campus_life: dict[str, Any],
    api: Callable[[User], Client],
    browser: Callable[[User], Client],
    dora: User,
) -> None:
    names = {"owner": "alice", "student": "ann", "assistant": "ed", "teacher": "bob", "administrator": "dora"}
    names["service"] = SERVICE
    person = User.objects.get(username=names.get(who, "charlie"))
    program, pages = api(person), browser(person)
    campus_life["token_id"] = ApiToken.objects.get(user=person).pk if who == "owner" else token_of("alice", api)
    expected = {address: answers[WHO.index(who)] for address, answers in table().items()}
    got = {
        address: ask(program if address.name.startswith("api:") else pages, address, campus_life)
        for address in expected
    }
    wrong = {str(address): (expected[address], got[address]) for address in got if got[address] != expected[address]}
    assert wrong == {}, "(expected, got)"


def token_of(name: str, api: Callable[[User], Client]) -> uuid.UUID:
    api(User.objects.get(username=name))
    return ApiToken.objects.filter(user__username=name).latest("created_at").pk


def test_no_address_is_missing_in_the_table() -> None:
    known = set(table())
    for pattern in api_urls.urlpatterns:
        if pattern.name not in NOT_ASKED:
            view: Any = getattr(pattern.callback, "view_class", None)
            methods = [method for method in METHODS if hasattr(view, method.lower())] if view else ["GET"]
            there = {Address(method, f"api:{pattern.name}") for method in methods}
            assert there <= known, there - known
    pages = {pattern.name for pattern in page_urls.urlpatterns} - NOT_ASKED
    assert pages == {address.name for address in known if not address.name.startswith("api:")}


def test_the_table_names_nothing_that_is_not_there() -> None:
    names = {f"api:{pattern.name}" for pattern in api_urls.urlpatterns}
    names |= {str(pattern.name) for pattern in page_urls.urlpatterns}
    assert {address.name for address in table()} <= names
