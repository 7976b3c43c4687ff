"""Courses in a real Keystone: the portal makes their projects with the right to do so and no more, and reads groups."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from cli.slipway_client import Client
from launcher.testing import Embedded
from portal.cloud import connection, identity, provisioner, sessions
from portal.cloud.sessions import CloudRefused
from tests.e2e.faults import shell
from tests.e2e.minicloud_harness import Cloud, until


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Keystone alone."""
    with tempfile.TemporaryDirectory(prefix="slw-") as folder:
        running = Cloud(Path(folder))
        try:
            running.once("prepare")
            running.start("keystone")
            running.once("seed")
            yield running
        finally:
            running.down()


@pytest.fixture
def portal(cloud: Cloud, settings: Any) -> dict[str, Any]:
    """The portal's settings for this cloud, whose cloud.json is given."""
    told = cloud.cloud_file()
    environment = {
        "OS_AUTH_URL": told["auth_url"],
        "OS_USERNAME": told["username"],
        "OS_PASSWORD": told["password"],
        "SLIPWAY_PROVISIONER_USERNAME": told["provisioner"]["username"],
        "SLIPWAY_PROVISIONER_PASSWORD": told["provisioner"]["password"],
    }
    settings.CLOUD = connection.read(environment)
    settings.PROVISIONER = connection.read_provisioner(environment)
    sessions.for_project.cache_clear()
    return told


def administrator(cloud: Cloud) -> session.Session:
    own = cloud.settings
    return session.Session(
        v3.Password(
            auth_url=cloud.cloud_file()["auth_url"], username="keystone-admin", password=own["admin_password"],
            user_domain_id="default", project_name="admin", project_domain_id="default",
        )
    )  # fmt: skip


def test_a_project_is_made_once_and_the_service_user_acts_in_it(portal: dict[str, Any]) -> None:
    made = provisioner.ensure_project("slipway-course-1", "Big data")
    assert made not in {project.id for project in identity.projects()}
    provisioner.admit_service_user(made)  # the portal may die in between: the next pass goes the whole way again
    assert provisioner.ensure_project("slipway-course-1", "Big data") == made
    provisioner.admit_service_user(made)
    assert {project.id: project.name for project in identity.projects()}[made] == "slipway-course-1"
    assert {"member", "heat_stack_owner"} <= set(identity.roles(made))


def test_the_provisioner_may_give_no_other_role_and_end_nothing(
    portal: dict[str, Any], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = provisioner.ensure_project("slipway-course-2", "Big data")
    monkeypatch.setattr(provisioner, "ROLES", ("admin",))
    with pytest.raises(CloudRefused, match="not authorized"):
        provisioner.admit_service_user(made)
    own = provisioner._session()
    for ask in (
        lambda: own.delete(f"{portal['auth_url']}/projects/{made}"),
        lambda: own.get(f"{portal['auth_url']}/users"),
        lambda: own.post(f"{portal['auth_url']}/users", json={"user": {"name": "eve"}}),
    ):
        with pytest.raises(exceptions.Forbidden):
            ask()


def test_the_service_user_may_make_no_projects(portal: dict[str, Any]) -> None:
    with pytest.raises((exceptions.Forbidden, exceptions.Unauthorized)):
        sessions.for_project(portal["projects"]["demo"]).post(
            f"{portal['auth_url']}/projects", json={"project": {"name": "mine"}}
        )


def test_a_groups_members_are_read_but_for_those_whose_account_is_closed(portal: dict[str, Any], cloud: Cloud) -> None:
    keystone, url = administrator(cloud), portal["auth_url"]
    group = keystone.post(f"{url}/groups", json={"group": {"name": "Class A", "domain_id": "default"}}).json()["group"]
    for name, enabled in (("zoë", True), ("carl", False), ("anna", True)):
        person = {"name": name, "domain_id": "default", "enabled": enabled}
        user = keystone.post(f"{url}/users", json={"user": person}).json()["user"]
        keystone.put(f"{url}/groups/{group['id']}/users/{user['id']}")
    assert provisioner.members_of_group("Class A") == ["anna", "zoë"]
    with pytest.raises(provisioner.NoSuchGroup):
        provisioner.members_of_group("Class B")


def test_a_log_in_brings_the_e_mail_address_that_keystone_knows(
    portal: dict[str, Any], cloud: Cloud, settings: Any
) -> None:
    settings.LOGIN_DOMAIN = settings.CLOUD.user_domain
    keystone, users = administrator(cloud), f"{portal['auth_url']}/users"
    person = {"name": "erin", "password": "of the tests", "domain_id": "default"}
    made = keystone.post(users, json={"user": person}).json()["user"]["id"]
    assert identity.verify("erin", "of the tests") == (made, "erin", "")
    for known, told in (("erin@example.org", "erin@example.org"), ("no address", ""), (None, "")):
        keystone.patch(f"{users}/{made}", json={"user": {"email": known}})
        assert identity.verify("erin", "of the tests") == (made, "erin", told)
    assert identity.verify("erin", "of another") is None


def test_a_course_of_ones_own_making_has_clusters(house: Embedded, person: Callable[[str], Client]) -> None:
    """On the embedded cloud out of the box: the administrator makes a course, its student a cluster in it."""
    call = caller(house, "admin")
    course = call("POST", "", {"name": "own-making", "title": "A course of our own"})
    path = f"/{course['id']}"
    until("the project", lambda: call("GET", path)["project"], 60)
    call("POST", f"{path}/members", {"username": "student2", "role": "student"})
    # Machines cost something here, and a new course was given nothing yet.
    grant = "from decimal import Decimal; from billing import ledger; ledger.grant('admin', Decimal(100), course='{}')"
    shell(house, f"{grant.format('own-making')}; print(1)")
    student = person("student2")
    made = student.create_cluster(course["id"], "mine", 1, "small", 1, idempotency_key="own-making")
    assert student.wait_for_cluster(made["id"], 240)["status"] == "ready"
    assert call("POST", f"{path}/archive", {"confirm": "own-making", "keep_folders_days": 0})["archived_at"]
    assert student.wait_for_cluster(made["id"], 120, ends=("deleted",))["status"] == "deleted"


def caller(house: Embedded, name: str) -> Callable[..., Any]:
    """Asks the API's courses as a person."""
    credentials = {"username": name, "password": house.logins[name]}
    token = requests.post(f"{house.url}/api/v1/auth/tokens", json=credentials, timeout=30).json()["token"]

    def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = requests.request(
            method, f"{house.url}/api/v1/courses{path}", json=body, timeout=30,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert answer.ok, answer.text
        return answer.json()

    return call
