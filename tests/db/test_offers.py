"""What there is to choose among, and the steps of a boot, through the API."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing import prices
from billing.models import Rate
from heat_templates.runtimes import RUNTIMES
from portal.accounts.models import User
from portal.accounts.tokens import issue
from portal.api.serializers.clusters import ClusterSerializer
from portal.cloud.models import Flavor, Image
from portal.clusters import services as clusters
from portal.clusters.life import changing
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import Wish
from portal.web.forms.clusters import CreateForm
from portal.web.forms.folders import FolderForm
from tests.recorded_cloud import Answer, recorded_cloud

OFFERS = "/api/v1/offers"
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


def rate(kind: str, name: str, price: str, at: datetime = BEFORE) -> None:
    Rate.objects.create(kind=kind, name=name, price=Decimal(price), valid_from=at)


def names(form: Any, field: str) -> set[str]:
    return {name for name, _ in form.fields[field].choices if name}


def test_what_can_be_chosen_is_what_the_forms_show(api: Callable[[User], Client], alice: User) -> None:
    Image.objects.create(name="box", framework="spark", bundle_version="1", architecture="x86_64", container=True)
    offered, form, folders = api(alice).get(OFFERS).json(), CreateForm(alice), FolderForm(alice)
    said = {part: {row["name"] for row in offered[part]} for part in ("frameworks", "flavors", "images", "share_types")}
    assert said["frameworks"] == names(form, "framework") == {"spark"}
    assert said["flavors"] == names(form, "flavor") == names(form, "master_flavor") == {"small", "medium"}
    assert said["images"] == names(form, "image") == {"node"}
    assert said["share_types"] == names(folders, "share_type") == {"nfs", "ceph"}
    scratch = {row["name"] for row in offered["share_types"] if row["for_scratch"]}
    assert scratch == names(form, "scratch.share_type") == {"nfs"}
    (spark,) = offered["frameworks"]
    assert spark["workers"] == {"minimum": 1, "maximum": 160, "default": form.fields["workers"].initial}
    assert offered["lacks"] == {}


def test_a_site_of_containers_offers_their_images_and_says_what_it_lacks(
    api: Callable[[User], Client], alice: User, settings: Any
) -> None:
    Image.objects.create(name="box", framework="spark", bundle_version="1", architecture="x86_64", container=True)
    settings.RUNTIME = "zun"
    offered = api(alice).get(OFFERS).json()
    assert [row["name"] for row in offered["images"]] == ["box"]
    assert offered["lacks"] == RUNTIMES["zun"].lacks


def test_each_flavor_and_each_storage_has_the_price_of_now(api: Callable[[User], Client], alice: User) -> None:
    Flavor.objects.create(name="gpu", vcpus=8, memory_mb=9000, disk_gb=9, gpus=2)
    rate("node", "small", "9")
    rate("node", "small", "0.5", BEFORE.replace(month=2))
    rate("node", "small", "99", BEFORE.replace(year=2099))
    rate("node", "gpu", "1")
    rate("gpu", "", "3")
    rate("storage", "nfs", "7")
    rate("storage", "nfs", "0.04", BEFORE.replace(month=2))
    offered = api(alice).get(OFFERS).json()
    hourly = {row["name"]: row["hourly"] for row in offered["flavors"]}
    assert hourly == {"small": "0.500000", "medium": "0.000000", "gpu": "7.000000"}
    monthly = {row["name"]: row["monthly"] for row in offered["share_types"]}
    assert monthly == {"nfs": "0.040000", "ceph": "0.000000"}
    now = datetime.now(UTC)
    assert prices.monthly("nfs", 25, now) == Decimal("1.000000")
    assert prices.monthly("nfs", 25, BEFORE) == Decimal("175.000000")


def test_a_token_that_may_read_is_enough_and_none_is_not(alice: User) -> None:
    secret = issue(alice, "reader", ["read"], 1).secret
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get(OFFERS).status_code == 200
    assert Client().get(OFFERS).status_code == 401


@pytest.fixture
def failed(creating: Cluster) -> Cluster:
    """Its second worker has failed."""
    for node in creating.nodes.all():
        clusters.record_event(node, "facts", "done", 0.25, "", "")
    worker = creating.nodes.get(name="worker-02")
    clusters.record_event(worker, "hosts", "failed", 1.5, "no such host\nat all", "line 1\nline 2\n")
    Cluster.objects.filter(pk=creating.pk).update(status=Status.FAILED)
    return creating


def test_the_steps_of_a_boot_are_told_as_they_happened(
    api: Callable[[User], Client], alice: User, bob: User, ann: User, charlie: User, failed: Cluster
) -> None:
    address = f"/api/v1/clusters/{failed.pk}/events"
    for person in (alice, bob):
        rows = api(person).get(address).json()["results"]
        assert [(row["node"], row["step"], row["state"]) for row in rows] == [
            ("master", "facts", "done"),
            ("worker-01", "facts", "done"),
            ("worker-02", "facts", "done"),
            ("worker-02", "hosts", "failed"),
        ]
        assert rows[0]["title"] == failed.manifest.step_titles["facts"]
        assert (rows[0]["seconds"], rows[0]["log"], rows[0]["generation"]) == (0.25, "", 1)
        assert (rows[-1]["message"], rows[-1]["log"]) == ("no such host\nat all", "line 1\nline 2\n")
    for person in (ann, charlie):
        assert api(person).get(address).status_code == 404


def test_steps_are_narrowed_and_paged_as_other_lists_are(
    api: Callable[[User], Client], alice: User, failed: Cluster
) -> None:
    client, address = api(alice), f"/api/v1/clusters/{failed.pk}/events"
    (row,) = client.get(f"{address}?state=failed").json()["results"]
    assert row["node"] == "worker-02"
    assert len(client.get(f"{address}?node=worker-02").json()["results"]) == 2
    assert client.get(f"{address}?step=facts").status_code == 422
    seen, following = [], f"{address}?page_size=3"
    for _ in range(3):
        page = client.get(re.sub(r"^http://[^/]+", "", following)).json()
        seen += [row["node"] for row in page["results"]]
        following = page["next"]
        if following is None:
            break
    assert following is None
    assert seen == ["master", "worker-01", "worker-02", "worker-02"]


def test_what_a_page_shows_of_a_failure_the_api_tells_too(
    api: Callable[[User], Client], browser: Callable[[User], Client], alice: User, failed: Cluster
) -> None:
    page = browser(alice).get(f"/clusters/{failed.pk}").content.decode()
    (row,) = api(alice).get(f"/api/v1/clusters/{failed.pk}/events?state=failed").json()["results"]
    for told in (row["title"], row["message"], row["log"].strip()):
        assert told in page


def test_a_cluster_tells_its_key_pair_and_the_address_that_the_cloud_gave_its_master(
    api: Callable[[User], Client], alice: User, wish: Wish, settings: Any
) -> None:
    asked = {"key_pair": "mine", "floating_ip": {"network": "campus", "allowed": "192.0.2.0/24"}}
    made = clusters.create(alice, Wish(**{**vars(wish), "more": asked}))
    address = f"/api/v1/clusters/{made.pk}"
    client = api(alice)
    assert client.get(address).json()["key_pair"] == "mine"
    assert client.get(address).json()["floating_ip"] is None

    def output(key: str, value: Any) -> tuple[str, Answer]:
        said = {"output": {"output_key": key, "output_value": value, "description": ""}}
        return f"orchestration /stacks/x/s1/outputs/{key}", (200, said)

    answers = dict([output("hosts", {"master": "10.0.0.4"}), output("floating_ip", "192.0.2.77")])
    with recorded_cloud(answers) as cloud:
        # Heat leads whoever names a stack by its id alone to its whole name.
        whole = {"Location": f"{cloud.url('orchestration')}/stacks/x/s1"}
        answers["orchestration /stacks/s1"] = (302, None, whole)
        settings.CLOUD = cloud.connection
        made.course.project_id = cloud.project
        changing.learn_addresses(made, "s1")
    shown = client.get(address).json()
    assert shown["floating_ip"] == "192.0.2.77"
    assert [node["address"] for node in shown["nodes"]] == ["10.0.0.4", None, None]


def test_of_a_cluster_that_asked_for_neither_there_is_nothing_to_tell(
    api: Callable[[User], Client], alice: User, creating: Cluster
) -> None:
    shown = api(alice).get(f"/api/v1/clusters/{creating.pk}").json()
    assert (shown["key_pair"], shown["floating_ip"]) == (None, None)
    assert ClusterSerializer.Meta.fields == tuple(shown)
