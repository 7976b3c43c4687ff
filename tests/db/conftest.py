"""Alice (student), Bob (teacher), Charlie (outsider), Dora (administrator), and what they see the portal with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connections
from django.test import Client
from django.utils import timezone

from billing import checker
from billing.models import Transaction, Usage
from launcher import postgres
from portal.accounts.models import User
from portal.accounts.tokens import issue_for_log_in
from portal.cloud import connection, sessions, shares
from portal.cloud.catalogue import import_catalogue
from portal.clusters import services as clusters
from portal.clusters.models import Cluster, Node, Status
from portal.clusters.wishes import Wish
from portal.courses.importing import import_roster
from portal.courses.models import Course
from portal.folders import services as folders
from portal.folders.models import Folder
from portal.folders.models import Status as FolderStatus
from portal.jobs.models import Job
from tests.db.manila_answers import Recorded, recorded


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What schemathesis makes of a test for each operation has one id for all of them with pytest 9.2: the operation
    is added."""
    for item in items:
        if label := getattr(item, "operation_label", None):
            item._id = item.id.with_params(label)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """pytest-django's hook before it makes the test database: starts a PostgreSQL of our own."""
    with postgres.temporary() as server:
        connections["default"].settings_dict["HOST"] = str(server.socket)
        configured.DATABASE_URL = f"dbname=test_portal user=slipway host='{server.socket}'"
        yield
        connections.close_all()


@pytest.fixture(autouse=True)
def plain_static_files(settings: Any) -> None:
    """Without collectstatic there is no manifest of static files."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(autouse=True)
def campus(db: None) -> None:
    """Two courses and a catalogue."""
    import_catalogue(
        {
            "flavors": [
                {"name": "small", "vcpus": 1, "memory_mb": 1536, "disk_gb": 4},
                {"name": "medium", "vcpus": 2, "memory_mb": 3072, "disk_gb": 8},
            ],
            "images": [
                {"name": "node", "framework": "spark", "bundle_version": "1-abcdef012345", "architecture": "x86_64"}
            ],
            "share_types": [
                {"name": "nfs", "protocol": "NFS", "title": "NFS"},
                {"name": "ceph", "protocol": "CEPHFS", "title": "CephFS"},
            ],
        }
    )
    import_roster(
        {
            "courses": [
                {"name": "demo", "title": "Demo course", "project": "p1", "clusters_each": 4, "members": [
                    {"username": "alice", "role": "student"}, {"username": "ann", "role": "student"},
                    {"username": "bob", "role": "teacher"}]},
                {"name": "other", "title": "Other course", "project": "p2", "clusters_each": 4, "members": [
                    {"username": "charlie", "role": "student"}]},
            ],
            "administrators": ["dora"],
        }
    )  # fmt: skip


@pytest.fixture(autouse=True)
def sound_ledger(campus: None) -> Iterator[None]:
    """Whatever a test does, the checker finds nothing afterwards."""
    yield
    if Transaction.objects.exists() or Usage.objects.exists():
        assert checker.faults() == []


def user(name: str) -> User:
    return User.objects.get(username=name)


@pytest.fixture
def alice() -> User:
    return user("alice")


@pytest.fixture
def ann() -> User:
    """A classmate of Alice's."""
    return user("ann")


@pytest.fixture
def bob() -> User:
    return user("bob")


@pytest.fixture
def charlie() -> User:
    return user("charlie")


@pytest.fixture
def dora() -> User:
    return user("dora")


@pytest.fixture
def course() -> Course:
    return Course.objects.get(name="demo")


@pytest.fixture
def api() -> Callable[[User | None], Client]:
    """A client that shows a person's token, or none."""

    def make(person: User | None) -> Client:
        headers = {"Authorization": f"Bearer {issue_for_log_in(person).secret}"} if person else {}
        return Client(headers=headers)

    return make


@pytest.fixture
def browser() -> Callable[[User], Client]:
    def make(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return make


@pytest.fixture
def wish(course: Course) -> Wish:
    return Wish(course=str(course.pk), name="flights", framework="spark", workers=2, flavor="small", hours=4)


def body_of(wish: Wish) -> dict[str, Any]:
    """The API's body that asks for it."""
    return {**{name: value for name, value in vars(wish).items() if name != "more"}, **wish.more}


@pytest.fixture
def creating(alice: User, wish: Wish) -> Cluster:
    return clusters.create(alice, Wish(**{**wish.__dict__, "name": "creating"}))


@pytest.fixture
def ready(alice: User, wish: Wish) -> Cluster:
    cluster = clusters.create(alice, Wish(**{**wish.__dict__, "name": "ready"}))
    return make_ready(cluster)


def make_ready(cluster: Cluster) -> Cluster:
    """What the reconciler writes when Heat says COMPLETE."""
    Cluster.objects.filter(pk=cluster.pk).update(
        status=Status.READY, stack_id="s", ready_at=timezone.now() - timedelta(minutes=1)
    )
    for number, node in enumerate(Node.objects.filter(cluster=cluster)):
        Node.objects.filter(pk=node.pk).update(address=f"127.88.3.{10 + number}")
    cluster.refresh_from_db()
    return cluster


@pytest.fixture
def job(alice: User, ready: Cluster) -> Job:
    return Job.objects.create(cluster=ready, owner=alice, application="flights.py", files=["a b.csv"])


@pytest.fixture
def folder(bob: User, course: Course) -> Folder:
    """A folder of the demo course that Bob, its teacher, has made."""
    made = folders.create(bob, folders.FolderWish(str(course.pk), "Flights of 2013", 5))
    return make_available(made)


def make_available(folder: Folder) -> Folder:
    """What a pass writes when Manila says available."""
    Folder.objects.filter(pk=folder.pk).update(
        status=FolderStatus.AVAILABLE, share_id=f"share-{folder.pk}", exports=["10.0.0.5:/shares/1"],
        checked_at=timezone.now(),
    )  # fmt: skip
    folder.refresh_from_db()
    return folder


@pytest.fixture
def manila(request: pytest.FixtureRequest, settings: Any) -> Iterator[Recorded]:
    """A Manila of the age that the test asks for; the newest that is spoken here where it asks for none."""
    with recorded(getattr(request, "param", "2.78")) as cloud:
        environment = {"OS_AUTH_URL": f"{cloud.url}/v3", "OS_USERNAME": "slipway", "OS_PASSWORD": "p"}
        settings.CLOUD = connection.read(environment)
        forget_sessions()
        yield cloud
    forget_sessions()


def forget_sessions() -> None:
    sessions.for_project.cache_clear()
    shares._manila.cache_clear()


def problem(answer: Any) -> dict[str, Any]:
    """The body of a refusal, which must have its form."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    assert body["next"]
    return body
